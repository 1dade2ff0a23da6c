"""LiteLLM, unmodified."""

import pytest

litellm = pytest.importorskip("litellm", reason="litellm is not installed")
ASK = [{"role": "user", "content": "What colour is the disc?"}]


@pytest.fixture
def ask(serving):
    def call(**change):
        return litellm.completion(
            model="openai/inkling", api_base=f"{serving}/v1", api_key="none", messages=ASK, max_tokens=4, **change
        )

    return call


def test_whole_and_streamed(ask):
    whole = ask()
    chunks = list(ask(stream=True, stream_options={"include_usage": True}))
    assert "".join(one.choices[0].delta.content or "" for one in chunks if one.choices) == (
        whole.choices[0].message.content
    )
    assert chunks[-1].usage.prompt_tokens == whole.usage.prompt_tokens


def test_parameters(ask):
    assert ask(temperature=0.5, seed=1, stop=["zzz"], n=2).choices[1].finish_reason == "length"
