"""Bodies of OpenAI's requests: what is taken, what is refused and in what words, and what the prompt comes to."""

import json

import pytest

from inkling.components.serve.protocols.openai.chat_request import ChatRequest
from inkling.components.serve.protocols.openai.completion_request import CompletionRequest
from inkling.components.serve.protocols.openai.errors import BadParameter, error_reply, read_body
from inkling.components.serve.request import BadRequest

ASK = [{"role": "user", "content": "What is it?"}]


def chat(**change) -> ChatRequest:
    return read_body(json.dumps({"model": "inkling", "messages": ASK, **change}).encode(), ChatRequest)


def completion(**change) -> CompletionRequest:
    return read_body(json.dumps({"model": "inkling", "prompt": "a", **change}).encode(), CompletionRequest)


NEUTRAL = {
    "stop": (None, []),
    "tools": (None, []),
    "tool_choice": (None, "none", "auto"),
    "logprobs": (None, False),
    "response_format": (None, {"type": "text"}),
    "frequency_penalty": (None, 0, 0.0),
    "presence_penalty": (None, 0),
    "repetition_penalty": (1, 1.0),
    "logit_bias": (None, {}),
    "store": (None, False),
    "top_k": (-1, 0),
    "n": (None, 1),
    "modalities": (["text"],),
    "parallel_tool_calls": (True, False),
    "user": ("me",),
    "metadata": ({"a": "b"},),
    "chat_template_kwargs": ({}, {"enable_thinking": False}),
    "reasoning_effort": (None,),
    "anything_else": (None,),
}


@pytest.mark.parametrize(("name", "value"), [(name, value) for name, values in NEUTRAL.items() for value in values])
def test_what_asks_for_nothing_is_taken(name, value):
    assert chat(**{name: value}).generations("p", None, 5)[0].stop == ()


@pytest.mark.parametrize(
    ("change", "parameter", "words"),
    [
        ({"tools": [{"type": "function"}]}, "tools", "calls no tools; leave it out"),
        ({"tool_choice": "required"}, "tool_choice", "calls no tools"),
        ({"frequency_penalty": 0.5}, "frequency_penalty", "without penalties"),
        ({"store": True}, "store", "not stored"),
        ({"store": 0}, "store", "not stored"),
        ({"logit_bias": {"3": 1}}, "logit_bias", "penalties"),
        ({"response_format": {"type": "json_object"}}, "response_format", "plain text"),
        ({"chat_template_kwargs": {"enable_thinking": True}}, "chat_template_kwargs.enable_thinking", "think"),
        ({"temperature": 2.5}, "temperature", "less than or equal to 2"),
        ({"temperature": -1}, "temperature", "greater"),
        ({"top_p": 0}, "top_p", "greater than 0"),
        ({"n": 17}, "n", "16"),
        ({"seed": 2**70}, "seed", ""),
        ({"stop": ["a"] * 17}, "stop", "16 strings"),
        ({"stop": [""]}, "stop", "empty"),
        ({"stop": {"a": 1}}, "stop", "list of strings"),
        ({"max_tokens": 0}, "max_tokens", "1"),
        ({"top_logprobs": 2}, "top_logprobs", "logprobs: true"),
        ({"logprobs": True, "top_logprobs": 21}, "top_logprobs", "20"),
        ({"stream_options": {"include_use": True}}, "stream_options.include_use", "not supported"),
        ({"mood": "good"}, "mood", "Supported: model, "),
        ({"messages": ASK * 257}, "messages", "at most 256"),
        ({"messages": [{"role": "user", "content": [{"type": "text", "text": "a"}] * 65}]}, "messages.0.content", "64"),
        ({"messages": [{"role": "tool", "content": "a"}]}, "messages.0.role", "'assistant'"),
        ({"messages": [{"role": "user", "content": "a", "tool_calls": [1]}]}, "messages.0.tool_calls", "no tools"),
    ],
)
def test_any_other_value_is_refused_with_its_reason(change, parameter, words):
    with pytest.raises(BadParameter) as refused:
        chat(**change)
    assert refused.value.parameter == parameter
    assert str(refused.value).startswith(f"{parameter}: ")
    assert words in str(refused.value)
    assert json.loads(bytes(error_reply(400, refused.value).body))["error"]["param"] == parameter


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"{", "not JSON"),
        (b"[" * 5000, "not JSON"),
        (b'{"model": NaN}', "not JSON"),
        (b'{"model": "\\ud800"}', "not JSON"),
        (b"\xff", "not JSON"),
        (b"[]", "'model' and 'messages'"),
        (b"{}", "model: Field required"),
    ],
)
def test_what_is_no_request_is_refused(body, words):
    with pytest.raises(BadRequest, match=words):
        read_body(body, ChatRequest)


def test_a_reply_to_a_mass_of_faults_is_short():
    parts = [{}] * 60
    with pytest.raises(BadParameter) as refused:
        chat(messages=[{"role": "user", "content": parts}] * 200, **{f"x{number}": 1 for number in range(5000)})
    assert len(bytes(error_reply(400, refused.value).body)) < 3000
    assert len(bytes(error_reply(404, BadParameter("model", "x" * 10**6)).body)) < 3000


def user(*parts: str | dict) -> dict:
    return {
        "role": "user",
        "content": [{"type": "text", "text": one} if isinstance(one, str) else one for one in parts],
    }


IMAGE = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA", "detail": "high"}}
ANSWER = {"role": "assistant", "content": "a cat"}


@pytest.mark.parametrize(
    ("messages", "prompt", "image"),
    [
        (ASK, "Question: What is it? Answer:", None),
        ([user("What", "is it?")], "Question: What is it? Answer:", None),
        ([user("What?", IMAGE)], "Question: What? Answer:", "data:image/png;base64,AAAA"),
        ([user("What?", {"type": "image_url", "image_url": "data:x"})], "Question: What? Answer:", "data:x"),
        ([{"role": "system", "content": "Be brief."}, *ASK], "Question: Be brief. What is it? Answer:", None),
        ([{"role": "developer", "content": "Be brief."}, *ASK], "Question: Be brief. What is it? Answer:", None),
        (
            [user("What?", IMAGE), ANSWER, user("Where?")],
            "Question: What? Answer: a cat Question: Where? Answer:",
            "data:image/png;base64,AAAA",
        ),
        ([*ASK, {"role": "assistant", "content": ""}, user("And?")],
         "Question: What is it? Answer: Question: And? Answer:", None),
        ([user("One."), user("Two?")], "Question: One. Two? Answer:", None),
        ([{**ASK[0], "name": "me"}], "Question: What is it? Answer:", None),
    ],
)  # fmt: skip
def test_messages_are_rendered_by_the_template(messages, prompt, image):
    found = chat(messages=messages).conversation(100)
    assert (found.prompt, found.image) == (prompt, image)


@pytest.mark.parametrize(
    ("messages", "words"),
    [
        ([*ASK, ANSWER], "cannot be continued"),
        ([ANSWER, *ASK], "must follow a user's"),
        ([{"role": "system", "content": "a"}], "no message of the user"),
        ([user("a", IMAGE, IMAGE)], "2 images; this model was trained on questions about one"),
        ([user("a", IMAGE), ANSWER, user("b", IMAGE)], "2 images"),
        ([{"role": "system", "content": [IMAGE]}, *ASK], "only a user's may"),
        ([user(IMAGE)], "question is empty"),
        ([{"role": "user", "content": None}], "question is empty"),
        ([user("a" * 50), ANSWER, user("a" * 50)], "105 characters of text; at most 100 are taken"),
    ],
)
def test_messages_that_cannot_be_answered_are_refused(messages, words):
    with pytest.raises(BadRequest, match=words):
        chat(messages=messages).conversation(100)


def test_what_is_asked_for_reaches_the_model():
    (first, second) = chat(
        stop=["\n", "Q:"], n=2, temperature=0.5, top_p=0.9, seed=7, max_tokens=3, max_completion_tokens=4,
        logprobs=True, top_logprobs=2,
    ).generations("p", b"i", 5)  # fmt: skip
    assert (first.prompt, first.image, first.max_new_tokens, first.stop, first.top_logprobs) == (
        "p", b"i", 4, ("\n", "Q:"), 2
    )  # fmt: skip
    assert (first.sampling.temperature, first.sampling.top_p, first.sampling.seed) == (0.5, 0.9, 7)
    assert first.sampling.seed != second.sampling.seed
    (plain,) = chat().generations("p", None, 5)
    assert (plain.sampling.temperature, plain.top_logprobs, plain.max_new_tokens) == (0, None, None)


@pytest.mark.parametrize("change", [{"guided_choice": ["a", "b"]}, {"structured_outputs": {"choice": ["a", "b"]}}])
def test_a_guided_choice_is_among_its_options(change):
    assert chat(**change).generations("p", None, 2)[0].choices == ("a", "b")
    with pytest.raises(BadParameter, match="2 options; give 2 to 1"):
        chat(**change).generations("p", None, 1)


@pytest.mark.parametrize(
    ("prompt", "prompts"),
    [
        ("a", ("a",)),
        (["a", "b"], ("a", "b")),
        ([1, 2], ((1, 2),)),
        ([[1], [2, 3]], ((1,), (2, 3))),
    ],
)
def test_prompts_come_in_four_forms(prompt, prompts):
    assert completion(prompt=prompt).prompt == prompts


@pytest.mark.parametrize("prompt", [[], [[]], [1, "a"], [1.5], [True], 3, {}, ["a"] * 33, None])
def test_other_prompts_are_refused(prompt):
    with pytest.raises(BadParameter, match="prompt: "):
        completion(prompt=prompt)


def test_prompts_times_answers_are_bounded():
    with pytest.raises(BadParameter, match="n: 16 continuations of 3 prompts; at most 32"):
        completion(prompt=["a"] * 3, n=16)
