"""Answers beside others are those alone, and those of transformers' own greedy search, whoever joins and leaves."""

import asyncio
from typing import Any

import numpy as np
import pytest
import torch

from inkling.components.artifacts.bundle import Bundle
from inkling.components.artifacts.features import Features
from inkling.components.artifacts.multimodal_model import MultimodalModelArtifact
from inkling.components.artifacts.questions import Questions
from inkling.components.serve.predictor import Predictor
from inkling.components.serve.request import Delta, GenerationRequest
from inkling.components.serve.settings import Settings
from inkling.models.multimodal import MultimodalModel
from inkling.models.sequence.prompt import chat_text
from inkling.models.sequence.special_tokens import BOS_ID, EOS_ID
from inkling.models.vision.preprocess import preprocess

WORDS = (
    "what",
    "colour",
    "is",
    "the",
    "red",
    "green",
    "blue",
    "disc",
    "square",
    "on",
    "a",
    "big",
    "small",
    "old",
    "cat",
)
SETTINGS = Settings(threads=1, max_batch=6, waiting=400, max_new_tokens=24, cache_mib=0)


@pytest.fixture(scope="module")
def predictor(served) -> Predictor:
    """A server's predictor without caches, so that nothing comes of an earlier answer."""
    loaded = Predictor(Bundle.open(served.bundle), SETTINGS)
    loaded.warm_up()
    return loaded


@pytest.fixture(scope="module")
def images(served) -> list[bytes]:
    return list(Questions.open(served.questions).images().values())


def some_requests(images: list[bytes], count: int, seed: int) -> list[GenerationRequest]:
    """Prompts of 1 to 12 words, each second one with an image, and the tokens that they may have."""
    random = np.random.default_rng(seed)
    return [
        GenerationRequest(
            chat_text(" ".join(random.choice(WORDS, random.integers(1, 12)))),
            images[int(random.integers(len(images)))] if place % 2 else None,
            int(random.integers(1, 25)),
            top_logprobs=0,
        )
        for place in range(count)
    ]


async def whole(predictor: Predictor, request: GenerationRequest) -> Delta:
    return await (await predictor.generate(request)).whole()


async def one_by_one(predictor: Predictor, requests: list[GenerationRequest]) -> list[Delta]:
    return [await whole(predictor, request) for request in requests]


async def crowded(predictor: Predictor, requests: list[GenerationRequest], seed: int) -> list[Delta]:
    """All at random moments, streamed or whole, beside others that leave early and choices that are scored."""
    random = np.random.default_rng(seed)

    async def answered(request: GenerationRequest, delay: float, streamed: bool) -> Delta:
        await asyncio.sleep(delay)
        generation = await predictor.generate(request)
        if not streamed:
            return await generation.whole()
        deltas = [delta async for delta in generation]
        logprobs = tuple(one for delta in deltas for one in delta.logprobs)
        return Delta("".join(delta.text for delta in deltas), deltas[-1].tokens, deltas[-1].finish, logprobs)

    async def passer_by(request: GenerationRequest, delay: float, steps: int) -> None:
        await asyncio.sleep(delay)
        async with await predictor.generate(request) as generation:
            for _ in range(steps):
                await anext(generation, None)

    async def scorer(request: GenerationRequest, delay: float) -> None:
        await asyncio.sleep(delay)
        await predictor.score(request.prompt, WORDS[: int(delay * 100) % 4 + 2], request.image)

    def moment() -> float:
        return float(random.random() * 0.1)

    answers = [answered(one, moment(), place % 3 == 0) for place, one in enumerate(requests)]
    others = [passer_by(one, moment(), place % 4) for place, one in enumerate(requests[::2])]
    scores = [scorer(one, moment()) for one in requests[::3]]
    found: list[Any] = await asyncio.gather(*answers, *others, *scores)
    return found[: len(requests)]


def assert_same(found: list[Delta], expected: list[Delta]) -> None:
    for one, other in zip(found, expected, strict=True):
        assert (one.text, one.tokens, one.finish) == (other.text, other.tokens, other.finish)
        assert [token.id for token in one.logprobs] == [token.id for token in other.logprobs]
        assert [token.logprob for token in one.logprobs] == pytest.approx(
            [token.logprob for token in other.logprobs], abs=1e-4
        )


@pytest.mark.parametrize("seed", [0, 1])
def test_an_answer_does_not_depend_on_its_neighbours(predictor, images, seed):
    requests = some_requests(images, 24, seed)
    assert_same(asyncio.run(crowded(predictor, requests, seed)), asyncio.run(one_by_one(predictor, requests)))


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(2, 22))
def test_an_answer_does_not_depend_on_many_neighbours(predictor, images, seed):
    requests = some_requests(images, 96, seed)
    assert_same(asyncio.run(crowded(predictor, requests, seed)), asyncio.run(one_by_one(predictor, requests)))


def test_what_is_kept_of_earlier_prompts_changes_no_answer(served, predictor, images):
    keeping = Predictor(Bundle.open(served.bundle), SETTINGS.model_copy(update={"cache_mib": 8}))
    keeping.warm_up()
    requests = some_requests(images, 8, 3)
    expected = asyncio.run(one_by_one(predictor, requests))
    for seed in range(2):
        assert_same(asyncio.run(crowded(keeping, requests * 2, seed)), expected * 2)


@pytest.fixture(scope="module")
def network(served) -> MultimodalModel:
    artifact = MultimodalModelArtifact.open(served.multimodal_model)
    return MultimodalModel.load(artifact.path, artifact.encoder(Features.open(served.features))).eval()


@torch.inference_mode()
def greedy(network: MultimodalModel, predictor: Predictor, pixels: Any, request: GenerationRequest) -> list[int]:
    """Transformers' own answer, one prompt at a time."""
    ids = predictor._tokenizer.encode(request.prompt, add_special_tokens=False).ids
    text = network.language.get_input_embeddings()(torch.tensor([[BOS_ID, *ids]]))
    if request.image is not None:
        features = network.encoder(torch.from_numpy(preprocess(request.image, pixels))[None])
        text = torch.cat([text[:, :1], network.connector(*features), text[:, 1:]], dim=1)
    made = network.language.generate(
        inputs_embeds=text, attention_mask=torch.ones(text.shape[:2]), do_sample=False,
        max_new_tokens=request.max_new_tokens, eos_token_id=EOS_ID, pad_token_id=2,
    )[0].tolist()  # fmt: skip
    return made[: made.index(EOS_ID)] if EOS_ID in made else made


def compare_with_transformers(predictor, images, network, count, seed):
    pixels = predictor._pixels
    requests = some_requests(images, count, seed)
    expected = [greedy(network, predictor, pixels, request) for request in requests]
    for found in (asyncio.run(one_by_one(predictor, requests)), asyncio.run(crowded(predictor, requests, seed))):
        assert [[token.id for token in answer.logprobs] for answer in found] == expected
        assert [answer.text for answer in found] == [predictor._tokenizer.decode(one).lstrip() for one in expected]


def test_answers_are_those_of_transformers(predictor, images, network):
    compare_with_transformers(predictor, images, network, 10, 7)


@pytest.mark.soak
def test_200_answers_are_those_of_transformers(predictor, images, network):
    compare_with_transformers(predictor, images, network, 200, 8)
