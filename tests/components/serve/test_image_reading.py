"""An image that several answers show at a time is decoded and embedded once."""

import asyncio
import threading
import time
from typing import Any

import pytest

from inkling.components.artifacts.bundle import Bundle
from inkling.components.serve import image_reading
from inkling.components.serve.predictor import Predictor
from inkling.components.serve.request import BadRequest, GenerationRequest
from inkling.components.serve.settings import Settings
from inkling.models.sequence.prompt import chat_text

SETTINGS = Settings(threads=1, max_new_tokens=3, cache_mib=0)  # nothing is kept: what is saved is saved at the time


class Decoded:
    """The files that were decoded; `hold` lets none through before all who should wait for it do."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.files: list[bytes] = []
        self.hold = threading.Event()
        self.hold.set()
        preprocess = image_reading.preprocess

        def counted(file: bytes, how: Any) -> Any:
            self.files.append(file)
            self.hold.wait()
            return preprocess(file, how)

        monkeypatch.setattr(image_reading, "preprocess", counted)


@pytest.fixture
def decoded(monkeypatch) -> Decoded:
    return Decoded(monkeypatch)


@pytest.fixture
def predictor(served) -> Predictor:
    loaded = Predictor(Bundle.open(served.bundle), SETTINGS)
    loaded.warm_up()
    return loaded


def asking(image: bytes) -> GenerationRequest:
    return GenerationRequest(chat_text("What is it?"), image)


def wait_until_forgotten(predictor: Predictor) -> None:
    """The engine's thread lets go of an image in its own time."""
    deadline = time.monotonic() + 30
    while predictor._images._shown:
        assert time.monotonic() < deadline, "the image of an answered request is still held"
        time.sleep(0.01)


async def all_at_once(predictor: Predictor, files: list[bytes], decoded: Decoded) -> list[str]:
    async def answer(file: bytes) -> str:
        async with await predictor.generate(asking(file)) as generation:
            return (await generation.whole()).text

    decoded.hold.clear()
    tasks = [asyncio.create_task(answer(bytes(bytearray(file)))) for file in files]  # equal files, not the same object
    await asyncio.sleep(0.05)
    decoded.hold.set()
    return await asyncio.gather(*tasks)


def test_equal_images_at_a_time_are_decoded_and_embedded_once(predictor, decoded, picture_file, monkeypatch):
    embedded: list[int] = []
    embed = predictor._engine.embed_images
    monkeypatch.setattr(predictor._engine, "embed_images", lambda pixels: embedded.append(len(pixels)) or embed(pixels))
    texts = asyncio.run(all_at_once(predictor, [picture_file] * 12, decoded))
    assert (len(decoded.files), sum(embedded), len(set(texts))) == (1, 1, 1)


def test_one_request_for_many_answers_decodes_its_image_once(predictor, decoded, picture_file):
    async def answers() -> None:
        begun = [await predictor.generate(asking(picture_file)) for _ in range(16)]  # one after the other, as for `n`
        await asyncio.gather(*(generation.whole() for generation in begun))

    asyncio.run(answers())
    assert len(decoded.files) == 1
    wait_until_forgotten(predictor)
    asyncio.run(answers())
    assert len(decoded.files) == 2, "nothing is kept without a cache"


def test_an_image_that_cannot_be_decoded_is_refused_to_all_who_sent_it(predictor, decoded, picture_file):
    async def refused() -> list[Any]:
        decoded.hold.clear()
        tasks = [asyncio.create_task(predictor.generate(asking(picture_file[:200]))) for _ in range(4)]
        await asyncio.sleep(0.05)
        decoded.hold.set()
        return await asyncio.gather(*tasks, return_exceptions=True)

    assert all(isinstance(error, BadRequest) for error in asyncio.run(refused()))
    assert len(decoded.files) == 1 and predictor.scheduler._admitted == 0
