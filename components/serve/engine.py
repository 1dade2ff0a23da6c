"""Answers questions with a bundle: text and image files in, choices or words out."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from tokenizers import Tokenizer

from inkling.components.artifacts.bundle import TOKENIZER, Bundle
from inkling.components.serve.question import BadRequest, Question
from inkling.components.serve.settings import Settings
from inkling.models.inference.graphs import Floats, Graphs, State, log_likelihood
from inkling.models.sequence.prompt import answer_ids, prompt_ids
from inkling.models.sequence.special_tokens import BOS, EOS, PAD
from inkling.models.vision.config import EncoderConfig
from inkling.models.vision.preprocess import ImageError, preprocess

_CHARACTERS = 64  # of a token at most, on average; longer texts are refused before they cost time
_INCOMPLETE = "\ufffd"  # what an unfinished UTF-8 sequence decodes to


@dataclass(frozen=True)
class Reading:
    """A question that the model has read.

    Attributes:
        question: The question.
        state: What the decoder keeps of it.
        tokens: Tokens read, those of the image included.
        limit: Tokens that an answer may have.
    """

    question: Question
    state: State
    tokens: int
    limit: int


@dataclass(frozen=True)
class Piece:
    """A piece of a generated answer.

    Attributes:
        text: Its text.
        tokens: Tokens generated so far.
        finish: Why the answer ends with this piece; None if it goes on.
    """

    text: str
    tokens: int
    finish: Literal["stop", "length"] | None = None


class Engine:
    """A bundle, loaded. Needs no torch."""

    def __init__(self, bundle: Bundle, settings: Settings) -> None:
        """Loads the graphs and the tokenizer."""
        description = bundle.preprocessing()
        self._settings = settings
        self._encoder = EncoderConfig.from_dict(description["encoder"])
        self._context = int(description["context"])
        self._tokenizer = Tokenizer.from_file(str(bundle.path / TOKENIZER))
        self._end = _id_of(self._tokenizer, EOS)
        self._graphs = Graphs(bundle.path, settings.threads, settings.device)

    def warm_up(self) -> None:
        """Runs every graph once: a broken bundle fails here, and the first question is answered as fast as the next."""
        state = self._graphs.read(
            [[self._end]], self._embed(np.zeros((3, *[self._encoder.image_size] * 2), np.float32))
        )
        list(self._graphs.generate(state, self._end, 2))

    def read(self, question: Question, new_tokens: int | None = None) -> Reading:
        """Reads a question and its image.

        Args:
            question: The question.
            new_tokens: Tokens that the answer may have at most; as many as fit where None.

        Raises:
            BadRequest: If it cannot be read or is too long.
        """
        prompt = self._encode(prompt_ids, question.text)
        pictures = None if question.image is None else self._picture(question.image)
        tokens = len(prompt) + (0 if pictures is None else pictures.shape[1])
        if tokens >= self._context:
            raise BadRequest(
                f"the question has {tokens} tokens (image included); the model reads fewer than {self._context}"
            )
        limit = min(new_tokens or self._settings.max_new_tokens, self._settings.max_new_tokens, self._context - tokens)
        return Reading(question, self._graphs.read([prompt], pictures), tokens, limit)

    def score(self, reading: Reading) -> list[float]:
        """Log-likelihood of each choice in nats.

        Raises:
            BadRequest: If a choice is empty or too long.
        """
        choices = reading.question.choices
        answers = [self._encode(answer_ids, choice) for choice in choices]
        longest = max(map(len, answers))
        if reading.tokens + longest > self._context:
            raise BadRequest(
                f"question and longest choice have {reading.tokens + longest} tokens; the model reads {self._context}"
            )
        logits = self._graphs.answer_logits(reading.state, [answers])[0]
        return [log_likelihood(one, answer) for one, answer in zip(logits, answers, strict=True)]

    def generate(self, reading: Reading) -> Iterator[Piece]:
        """Answers in the model's own words, the most likely token at each step; the last piece says why it ends."""
        ids: list[int] = []
        said = ""
        for token in self._graphs.generate(reading.state, self._end, reading.limit):
            ids.append(token)
            text = self._tokenizer.decode(ids).lstrip()
            if not text.endswith(_INCOMPLETE) and text != said:
                yield Piece(text[len(said) :], len(ids))
                said = text
        rest = self._tokenizer.decode(ids).lstrip()[len(said) :]
        yield Piece(rest, len(ids), "length" if len(ids) == reading.limit else "stop")

    def _encode(self, encode: Callable[[Any, str], list[int]], text: str) -> list[int]:
        if len(text) > _CHARACTERS * self._context:
            raise BadRequest(f"a text has {len(text):,} characters; the model reads {self._context} tokens at most")
        for mark in (BOS, EOS, PAD):
            if mark in text:
                raise BadRequest(f"a question or choice may not contain {mark}")
        try:
            return encode(self._tokenizer, text)
        except TypeError:
            raise BadRequest("a question or choice must be valid Unicode text") from None
        except ValueError as error:
            raise BadRequest(str(error)) from None

    def _picture(self, image: bytes) -> Floats:
        try:
            return self._embed(preprocess(image, self._encoder))
        except ImageError as error:
            raise BadRequest(str(error)) from None

    def _embed(self, pixels: Floats) -> Floats:
        return self._graphs.embed_pictures(pixels[None])


def _id_of(tokenizer: Tokenizer, mark: str) -> int:
    token = tokenizer.token_to_id(mark)
    if token is None:
        raise ValueError(f"the tokenizer has no {mark}")
    return token
