"""The `openai` client, unmodified."""

import pytest

from inkling.components.serve.client import data_uri

openai = pytest.importorskip("openai", reason="the openai client is not installed")
ASK = [{"role": "user", "content": "What colour is the disc?"}]


@pytest.fixture(params=["/v1", "/openai/v1"])
def api(serving, request):
    return openai.OpenAI(base_url=serving + request.param, api_key="none", max_retries=0)


def ask(api, **change):
    return api.chat.completions.create(model="inkling", **{"messages": ASK, "max_tokens": 4, **change})


def test_models(api):
    assert [model.id for model in api.models.list()] == ["inkling"]
    assert api.models.retrieve("inkling").id == "inkling"
    with pytest.raises(openai.NotFoundError, match="Available: inkling"):
        api.models.retrieve("gpt")


def test_chat(api):
    reply = ask(api)
    assert reply.choices[0].finish_reason == "length"
    assert reply.usage.completion_tokens == 4
    assert reply.view == "blind"
    assert reply._request_id


def test_what_clients_send_by_themselves(api):
    ask(api, tools=None, stop=None, logprobs=False, response_format={"type": "text"}, store=False, n=1)
    ask(api, tools=[], frequency_penalty=0, presence_penalty=0, logit_bias={}, temperature=1, user="me")
    system = [{"role": "system", "content": "Be brief."}, *ASK]
    assert ask(api, messages=system).usage.prompt_tokens > ask(api).usage.prompt_tokens


def test_an_image(api, picture_file):
    url = {"url": data_uri(picture_file), "detail": "low"}
    content = [{"type": "text", "text": "What is it?"}, {"type": "image_url", "image_url": url}]
    assert ask(api, messages=[{"role": "user", "content": content}]).view == "visual"


def test_a_stream_with_usage(api):
    *chunks, last = ask(api, stream=True, stream_options={"include_usage": True})
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks) == ask(api).choices[0].message.content
    assert (last.choices, last.usage.completion_tokens) == ([], 4)


def test_log_probabilities_and_samples(api):
    token = ask(api, logprobs=True, top_logprobs=2).choices[0].logprobs.content[0]
    assert token.logprob == token.top_logprobs[0].logprob
    texts = [[one.message.content for one in ask(api, n=3, seed=1, temperature=1).choices] for _ in range(2)]
    assert texts[0] == texts[1]


def test_a_guided_choice(api):
    reply = ask(api, extra_body={"guided_choice": ["red", "blue"]})
    assert reply.choices[0].message.content in ("red", "blue")


def test_completions(api):
    reply = api.completions.create(model="inkling", prompt="What colour", echo=True, logprobs=1, max_tokens=0)
    assert reply.choices[0].text == "What colour"
    assert all(one < 0 for one in reply.choices[0].logprobs.token_logprobs)


def test_a_refusal_names_the_parameter(api):
    with pytest.raises(openai.BadRequestError, match="without penalties") as refused:
        ask(api, frequency_penalty=1)
    assert refused.value.param == "frequency_penalty"
