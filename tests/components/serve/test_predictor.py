"""Answers of one process, without a server: streamed and whole, alone and beside others, chosen and explained."""

import asyncio
from collections.abc import Coroutine
from typing import Any

import pytest

from inkling.components.artifacts.bundle import Bundle
from inkling.components.serve.predictor import Predictor
from inkling.components.serve.request import BadRequest, Delta, GenerationRequest, QuestionRequest
from inkling.components.serve.scheduler import Busy
from inkling.components.serve.settings import Settings
from inkling.models.inference.sampling import Sampling
from inkling.models.sequence.prompt import chat_text

PROMPT = chat_text("What colour is the disc?")
COLOURS = ("red", "green", "blue", "yellow")


@pytest.fixture(scope="module")
def predictor(served) -> Predictor:
    loaded = Predictor(Bundle.open(served.bundle), Settings(threads=1, max_batch=4, waiting=60))
    loaded.warm_up()
    return loaded


def run(answer: Coroutine[Any, Any, Any]) -> Any:
    return asyncio.run(asyncio.wait_for(answer, 60))


async def streamed(predictor: Predictor, request: GenerationRequest) -> list[Delta]:
    return [delta async for delta in await predictor.generate(request)]


async def whole(predictor: Predictor, request: GenerationRequest) -> Delta:
    return await (await predictor.generate(request)).whole()


def test_streamed_and_whole_are_the_same(predictor):
    request = GenerationRequest(PROMPT, max_new_tokens=12, top_logprobs=2)
    deltas = run(streamed(predictor, request))
    answer = run(whole(predictor, request))
    assert "".join(delta.text for delta in deltas) == answer.text
    assert [one for delta in deltas for one in delta.logprobs] == list(answer.logprobs)
    assert (answer.tokens, answer.finish) == (12, "length")
    assert len(deltas) > 6
    for token in answer.logprobs:  # greedy: the most likely token is the one that was taken
        assert token.top[0].id == token.id
        assert token.top[0].logprob == token.logprob > token.top[1].logprob


def test_a_stop_string_cuts_the_text_and_never_leaks(predictor):
    answer = run(whole(predictor, GenerationRequest(PROMPT, max_new_tokens=20)))
    stop = answer.text[5:9]
    deltas = run(streamed(predictor, GenerationRequest(PROMPT, max_new_tokens=20, stop=("~~", stop), top_logprobs=0)))
    assert "".join(delta.text for delta in deltas) == answer.text[: answer.text.index(stop)]
    assert deltas[-1].finish == "stop"
    assert deltas[-1].tokens < answer.tokens
    assert sum(len(delta.logprobs) for delta in deltas) < answer.tokens


def test_sampling_is_reproducible_by_seed_whoever_is_beside(predictor):
    requests = [
        GenerationRequest(PROMPT, max_new_tokens=10, sampling=Sampling(1.5, 0.95, seed)) for seed in (1, 2, 1, 3)
    ]

    async def together() -> list[str]:
        return [answer.text for answer in await asyncio.gather(*(whole(predictor, one) for one in requests))]

    texts = run(together())
    assert texts[0] == texts[2] == run(whole(predictor, requests[0])).text
    assert len(set(texts)) == 3


def test_scores_are_those_of_the_choices_and_guide_a_choice(predictor):
    scores = run(predictor.score(PROMPT, COLOURS, top_logprobs=3))
    answer = run(predictor.answer(QuestionRequest("What colour is the disc?", choices=COLOURS)))
    assert [sum(token.logprob for token in tokens) for tokens in scores] == pytest.approx(answer.log_likelihoods)
    assert [tokens[-1].text for tokens in scores] == ["<|eos|>"] * 4
    assert [b"".join(token.bytes for token in tokens).decode() for tokens in scores] == [f" {one}" for one in COLOURS]
    guided = run(whole(predictor, GenerationRequest(PROMPT, choices=COLOURS, top_logprobs=0)))
    assert (guided.text, guided.finish) == (answer.text, "stop")
    assert guided.logprobs


def test_tokens_of_a_text_are_explained_one_by_one(predictor):
    tokens = run(predictor.token_logprobs(f"{PROMPT} red", top_logprobs=1))
    assert "".join(token.text for token in tokens) == f"{PROMPT} red"
    (red, _) = run(predictor.score(PROMPT, ["red"]))[0]
    assert tokens[-1].logprob == pytest.approx(red.logprob, abs=1e-4)
    ids = [0, *(token.id for token in tokens)]
    first, *others = run(predictor.token_logprobs(ids))
    assert first.logprob is None
    assert [one.logprob for one in others] == pytest.approx([one.logprob for one in tokens], abs=1e-6)


def test_who_leaves_makes_room(predictor):
    async def scenario() -> None:
        everyone = [await predictor.generate(GenerationRequest(PROMPT, max_new_tokens=64)) for _ in range(64)]
        with pytest.raises(Busy, match="64 requests are being served or wait; try again"):
            await predictor.generate(GenerationRequest(PROMPT))
        for generation in everyone[:63]:
            generation.close()
        async with await predictor.generate(GenerationRequest(PROMPT, max_new_tokens=3)) as other:
            assert (await other.whole()).tokens == 3
        waiting = asyncio.create_task(everyone[63].whole())
        await asyncio.sleep(0)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        leave = [predictor.scheduler.admit() for _ in range(64)]
        for one in leave:
            one()

    run(scenario())


@pytest.mark.parametrize(
    ("request_", "words"),
    [
        (GenerationRequest("why " * 200), "tokens"),
        (GenerationRequest((0, 100_000)), "100000 is no id of a token"),
        (GenerationRequest("<|eos|>"), "may not contain"),
        (GenerationRequest("\ud800"), "valid Unicode"),
        (GenerationRequest(PROMPT, image=b"GIF89a"), "image"),
        (GenerationRequest(PROMPT, choices=("red", " ")), "answer is empty"),
        (GenerationRequest(PROMPT, choices=("red", "why " * 200)), "tokens"),
    ],
)
def test_what_cannot_be_read_is_refused_and_leaves(predictor, request_, words):
    for _ in range(65):
        with pytest.raises(BadRequest, match=words):
            run(predictor.generate(request_))
