"""LangChain's ChatOpenAI, unmodified."""

import base64

import pytest

langchain = pytest.importorskip("langchain_openai", reason="langchain-openai is not installed")


@pytest.fixture
def chat(serving):
    return langchain.ChatOpenAI(base_url=f"{serving}/v1", api_key="none", model="inkling", max_tokens=4, max_retries=0)


def test_invoke_and_batch(chat):
    reply = chat.invoke("What colour is the disc?")
    assert reply.usage_metadata["output_tokens"] == 4
    assert len({one.content for one in chat.batch(["What colour is the disc?"] * 8)} | {reply.content}) == 1


def test_system_message_stop_and_temperature(chat):
    from langchain_core.messages import HumanMessage, SystemMessage

    messages = [SystemMessage("Be brief."), HumanMessage("What colour?")]
    assert (
        chat.bind(stop=["zzz"], temperature=0.7, seed=1, logprobs=True).invoke(messages).response_metadata["logprobs"]
    )


def test_a_stream_has_usage(chat):
    assert [
        one.usage_metadata["output_tokens"] for one in chat.stream("a", stream_usage=True) if one.usage_metadata
    ] == [4]


def test_images_in_both_forms(chat, picture_file):
    from langchain_core.messages import HumanMessage

    encoded = base64.b64encode(picture_file).decode()
    for block in (
        {"type": "image_url", "image_url": {"url": f"data:image/jpeg;base64,{encoded}"}},
        {"type": "image", "base64": encoded, "mime_type": "image/jpeg"},
    ):
        chat.invoke([HumanMessage([{"type": "text", "text": "What is it?"}, block])])
