"""Texts are read as the evaluator reads them; the first that is too long ends a request; long ones hold nobody up."""

import asyncio
import threading
from typing import Any

import pytest
from tokenizers import Tokenizer

from inkling.components.artifacts.bundle import TOKENIZER
from inkling.components.serve.reading import TextReader
from inkling.components.serve.request import BadRequest
from inkling.models.sequence.prompt import answer_ids, prompt_ids

CONTEXT = 96


@pytest.fixture(scope="module")
def tokenizer(served) -> Tokenizer:
    return Tokenizer.from_file(str(served.bundle / TOKENIZER))


class Watched:
    """A tokenizer that knows which threads it worked on."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        self._tokenizer, self.threads = tokenizer, []

    def encode_batch_fast(self, *texts: Any, **named: Any) -> Any:
        self.threads.append(threading.current_thread().name)
        return self._tokenizer.encode_batch_fast(*texts, **named)


@pytest.mark.parametrize("text", ["What colour is the disc?", "étoile  \n 中 ", "why " * 1000])
def test_reads_as_the_evaluator(tokenizer, text):
    reader = TextReader(tokenizer, 10_000)
    assert asyncio.run(reader.chat_ids(text)) == prompt_ids(tokenizer, text)
    assert asyncio.run(reader.answers([text, "red"], 3)) == [answer_ids(tokenizer, one) for one in (text, "red")]


def test_long_texts_are_read_beside_the_event_loop(tokenizer):
    watched = Watched(tokenizer)
    reader = TextReader(watched, 10_000)
    asyncio.run(reader.answers(["red", "red " * 1000], 3))
    assert [name == threading.main_thread().name for name in watched.threads] == [True, False]


def test_the_first_that_is_too_long_ends_it(tokenizer):
    watched = Watched(tokenizer)
    reader = TextReader(watched, CONTEXT)
    with pytest.raises(BadRequest, match="choice 2 have 1..? tokens; the model reads 96"):
        asyncio.run(reader.answers(["red", "x" * 99, *["red"] * 14], 10))
    assert len(watched.threads) == 2


@pytest.mark.parametrize("read", ["ids", "chat_ids"])
def test_what_cannot_be_few_tokens_is_not_read(tokenizer, read):
    watched = Watched(tokenizer)
    with pytest.raises(BadRequest, match="6,145 characters; the model reads 96 tokens"):
        asyncio.run(getattr(TextReader(watched, CONTEXT), read)("a" * (64 * CONTEXT + 1)))
    assert not watched.threads
