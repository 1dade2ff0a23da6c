"""A real server's answers over OpenAI's routes: usage, streams, log-probabilities, choices, echo, seeds, views."""

import json

import httpx
import pytest

from inkling.components.artifacts.questions import Questions
from inkling.components.serve.client import data_uri
from inkling.components.serve.protocols.openai.responses import ChatChunk, ChatCompletion, ModelList, TextCompletion

CHAT, COMPLETIONS = "/v1/chat/completions", "/v1/completions"
ASK = [{"role": "user", "content": "What colour is the disc?"}]


def chat(client: httpx.Client, **change) -> dict:
    return client.post(CHAT, json={"model": "inkling", "messages": ASK, "max_tokens": 8, **change}).json()


def complete(client: httpx.Client, **change) -> dict:
    response = client.post(COMPLETIONS, json={"model": "inkling", "prompt": "Question: What colour", **change}).json()
    assert "error" not in response, response
    return TextCompletion.model_validate(response).model_dump()


def stream(client: httpx.Client, path: str, **change) -> list[dict]:
    body = {"model": "inkling", "stream": True, **change}
    lines = client.post(path, json=body).text.split("\n\n")
    assert lines[-2:] == ["data: [DONE]", ""]
    return [json.loads(line.removeprefix("data: ")) for line in lines[:-2]]


@pytest.mark.parametrize("prefix", ["/v1", "/openai/v1"])
def test_models_are_listed_and_described(client, prefix):
    listed = ModelList.model_validate(client.get(f"{prefix}/models").json())
    assert (listed.data[0].id, listed.models) == ("inkling", ["inkling"])
    described = client.get(f"{prefix}/models/inkling").json()
    assert (described["id"], described["ready"]) == (
        "inkling",
        True,
    )  # the latter for KServe's V1, which lives here too
    response = client.get(f"{prefix}/models/gpt")
    assert response.status_code == 404
    assert "Available: inkling" in response.json()["error"]["message"]


@pytest.mark.parametrize("path", ["/v1/embeddings", "/openai/v1/responses"])
def test_other_routes_are_refused_in_words(client, path):
    response = client.post(path, json={})
    assert response.status_code == 404
    assert "no route" in response.json()["error"]["message"]


def test_routes_are_described(client):
    described = client.get("/openapi.json").json()
    for prefix in ("/v1", "/openai/v1"):
        for path, field in (("chat/completions", "messages"), ("completions", "prompt")):
            route = described["paths"][f"{prefix}/{path}"]["post"]
            assert field in route["requestBody"]["content"]["application/json"]["schema"]["properties"]
            assert "$ref" in route["responses"]["200"]["content"]["application/json"]["schema"]
            assert "$defs" not in json.dumps(route)
            assert {"200", "400", "404", "408", "429"} <= set(route["responses"])


@pytest.mark.parametrize("change", [{}, {"n": 2, "temperature": 1, "seed": 5}, {"logprobs": True, "top_logprobs": 2}])
def test_streamed_and_whole_are_the_same(client, change):
    whole = ChatCompletion.model_validate(chat(client, **change))
    chunks = stream(client, CHAT, messages=ASK, max_tokens=8, stream_options={"include_usage": True}, **change)
    *parts, last = [ChatChunk.model_validate(chunk) for chunk in chunks]
    assert (last.choices, last.usage) == ([], whole.usage)
    assert all("usage" in chunk and chunk["usage"] is None for chunk in chunks[:-1])
    assert {part.view for part in parts} == {whole.view} == {"blind"}
    for choice in whole.choices:
        mine = [one for part in parts for one in part.choices if one.index == choice.index]
        assert "".join(one.delta.content for one in mine) == choice.message.content
        assert [one.finish_reason for one in mine if one.finish_reason] == [choice.finish_reason]
        found = [token for one in mine if one.logprobs for token in one.logprobs.content]
        assert found == (choice.logprobs.content if choice.logprobs else [])
    assert "usage" not in stream(client, CHAT, messages=ASK, max_tokens=2)[-1]


def test_log_probabilities_are_those_of_the_text(client):
    (choice,) = chat(client, logprobs=True, top_logprobs=3)["choices"]
    tokens = choice["logprobs"]["content"]
    assert len(tokens) == 8
    assert bytes(byte for token in tokens for byte in token["bytes"]).decode(errors="replace").strip() == (
        choice["message"]["content"].strip()
    )
    for token in tokens:
        likely = [one["logprob"] for one in token["top_logprobs"]]
        assert likely == sorted(likely, reverse=True)
        assert token["logprob"] == likely[0]  # greedy
    assert chat(client)["choices"][0]["logprobs"] is None


def test_answers_are_repeatable_by_seed_and_greedy_by_default(client):
    def texts(**change) -> list[str]:
        return [one["message"]["content"] for one in chat(client, **change)["choices"]]

    assert texts() == texts() == texts(temperature=0, seed=3)
    drawn = texts(temperature=1, seed=3, n=3)
    assert drawn == texts(temperature=1, seed=3, n=3)
    assert drawn[:1] == texts(temperature=1, seed=3)
    assert len({*drawn, *texts(temperature=1, seed=4, n=3)}) > 3
    assert texts(temperature=1, top_p=1e-6, seed=9) == texts()


def test_stop_strings_end_an_answer_before_them(client):
    (choice,) = chat(client, logprobs=True)["choices"]
    text = choice["message"]["content"]
    for stop in (text[1:3], [text[2:4], "never"]):
        (ended,) = chat(client, stop=stop)["choices"]
        found = stop if isinstance(stop, str) else stop[0]
        assert ended["message"]["content"] == text[: text.index(found)]
        assert ended["finish_reason"] == "stop"


def test_an_empty_answer_is_an_empty_string(client):
    first = chat(client)["choices"][0]["message"]["content"][0]
    (choice,) = chat(client, stop=first)["choices"]
    assert (choice["message"]["content"], choice["finish_reason"]) == ("", "stop")


def test_a_guided_choice_is_the_likeliest_option(served, client):
    one = Questions.open(served.questions).questions()[0]
    image = Questions.open(served.questions).images()[one.image_id]
    content = [{"type": "text", "text": one.question}, {"type": "image_url", "image_url": data_uri(image)}]
    reply = chat(client, messages=[{"role": "user", "content": content}], guided_choice=one.choices)
    (choice,) = reply["choices"]
    assert reply["view"] == "visual"
    assert choice["log_likelihoods"][choice["choice"]] == max(choice["log_likelihoods"])
    assert choice["message"]["content"] == one.choices[choice["choice"]]
    instance = {"question": one.question, "choices": one.choices, "image": data_uri(image)}
    v1 = client.post("/v1/models/inkling:predict", json={"instances": [instance]}).json()["predictions"][0]
    assert v1["log_likelihoods"] == pytest.approx(choice["log_likelihoods"], abs=1e-4)
    assert v1["choice"] == choice["choice"]


def test_a_system_message_and_history_change_the_prompt(client):
    short = chat(client)["usage"]["prompt_tokens"]
    longer = chat(client, messages=[{"role": "system", "content": "Be brief."}, *ASK])["usage"]["prompt_tokens"]
    history = [*ASK, {"role": "assistant", "content": "red"}, {"role": "user", "content": "And the square?"}]
    assert short < longer < chat(client, messages=history)["usage"]["prompt_tokens"] + longer


def test_completions_echo_and_score_their_prompt(client):
    text = "Question: What colour"
    scored = complete(client, echo=True, logprobs=2, max_tokens=0)["choices"][0]
    assert scored["text"] == text
    places = scored["logprobs"]["text_offset"]
    ends = [*places[1:], len(text)]
    assert [text[start:end] for start, end in zip(places, ends, strict=True)] == scored["logprobs"]["tokens"]
    for likelihood, top in zip(scored["logprobs"]["token_logprobs"], scored["logprobs"]["top_logprobs"], strict=True):
        assert likelihood in top.values()
        assert len(top) in (2, 3)
    one = complete(client, echo=True, logprobs=1, max_tokens=1)["choices"][0]
    assert one["logprobs"]["token_logprobs"][:-1] == pytest.approx(scored["logprobs"]["token_logprobs"], abs=1e-4)
    generated = complete(client, logprobs=1, max_tokens=1)["choices"][0]
    assert one["text"] == text + generated["text"]
    assert one["logprobs"]["tokens"][-1] == generated["logprobs"]["tokens"][0]


def test_token_ids_are_scored_as_the_text_that_they_are(client):
    ids = [5, 6, 7, 8]
    (first, second) = complete(client, prompt=[ids, [0, *ids]], echo=True, logprobs=1, max_tokens=1)["choices"]
    assert len(first["logprobs"]["tokens"]) == 5
    assert second["logprobs"]["token_logprobs"][0] is None  # nothing is before <|bos|>
    assert second["logprobs"]["token_logprobs"][1:] == pytest.approx(first["logprobs"]["token_logprobs"], abs=1e-4)
    assert first["text"] == second["text"]


def test_streamed_completions_are_the_whole_ones(client):
    asked = {"prompt": ["Question: What", "a"], "n": 2, "max_tokens": 5, "echo": True, "logprobs": 1}
    whole = complete(client, **asked)
    *chunks, last = stream(client, COMPLETIONS, stream_options={"include_usage": True}, **asked)
    assert (last["choices"], last["usage"]) == ([], whole["usage"])
    for choice in whole["choices"]:
        mine = [one for chunk in chunks for one in chunk["choices"] if one["index"] == choice["index"]]
        assert "".join(one["text"] for one in mine) == choice["text"]
        for name, values in choice["logprobs"].items():
            found = [value for one in mine for value in one["logprobs"][name]]
            assert found == (pytest.approx(values, abs=1e-4) if name == "token_logprobs" else values) or name == (
                "top_logprobs"
            )


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"prompt": "why " * 500}, "tokens"),
        ({"prompt": [10**9]}, "no id of a token"),
        ({"prompt": "a", "suffix": "b"}, "end only"),
        ({"prompt": "a", "best_of": 3}, "every answer"),
        ({"prompt": "<|eos|>"}, "may not contain"),
    ],
)
def test_completions_refuse_with_words(client, change, words):
    response = client.post(COMPLETIONS, json={"model": "inkling", **change})
    assert response.status_code == 400, response.text
    assert words in response.json()["error"]["message"]
