"""Answers questions with a bundle: text and image files in, choices or generated text out."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from tokenizers import Tokenizer

from inkling.components.artifacts.bundle import TOKENIZER, Bundle
from inkling.components.serve.request import BadRequest, QuestionRequest
from inkling.components.serve.settings import Settings
from inkling.models.inference.answering import stop_id
from inkling.models.inference.engine import Floats, State
from inkling.models.inference.onnx_engine import OnnxEngine
from inkling.models.sequence.prompt import answer_ids, prompt_ids
from inkling.models.sequence.special_tokens import SPECIAL_TOKENS
from inkling.models.vision.preprocess import ImageError, Preprocessing, preprocess

_CHARACTERS = 64  # of a token at most, on average; longer texts are refused before they cost time
_INCOMPLETE = "\ufffd"  # what an unfinished UTF-8 sequence decodes to


@dataclass(frozen=True)
class Prefilled:
    """A question that was prefilled.

    Attributes:
        question: The question.
        state: What the decoder keeps of it.
        tokens: Tokens of the prompt, those of the image included.
        limit: Tokens that an answer may have.
    """

    question: QuestionRequest
    state: State[Floats]
    tokens: int
    limit: int


@dataclass(frozen=True)
class Delta:
    """What a step adds to a generated answer.

    Attributes:
        text: The further text.
        tokens: Tokens generated so far.
        finish: Why the answer ends here; None if it goes on.
    """

    text: str
    tokens: int
    finish: Literal["stop", "length"] | None = None


class Predictor:
    """A bundle, loaded. Needs no torch."""

    def __init__(self, bundle: Bundle, settings: Settings) -> None:
        """Loads the graphs and the tokenizer."""
        description = bundle.preprocessing()
        self._settings = settings
        self._pixels = Preprocessing.model_validate(description["image"])
        self._context = int(description["context"])
        self._tokenizer = Tokenizer.from_file(str(bundle.path / TOKENIZER))
        self._stop = stop_id(self._tokenizer)
        self._engine = OnnxEngine(bundle.path, self._context, settings.threads, settings.device)

    def warm_up(self) -> None:
        """Runs every graph once: a broken bundle fails here, and the first question is answered as fast as the next."""
        pixels = np.zeros((1, 3, *[self._pixels.image_size] * 2), np.float32)
        self._engine.generate([[self._stop]], [2], self._engine.embed_images(pixels))

    def score(self, question: QuestionRequest) -> list[float]:
        """Log-likelihood of each choice of a question in nats.

        Raises:
            BadRequest: If question, image or choices cannot be read, or are too long.
        """
        prompt, image, tokens = self._inputs(question)
        answers = [self._encode(answer_ids, choice) for choice in question.choices]
        longest = max(map(len, answers))
        if tokens + longest > self._context:
            raise BadRequest(
                f"question and longest choice have {tokens + longest} tokens; the model reads {self._context}"
            )
        return self._engine.score([prompt], [answers], image)[0]

    def prefill(self, question: QuestionRequest, new_tokens: int | None = None) -> Prefilled:
        """Runs a question and its image through the model, ready to generate the answer.

        Args:
            question: The question.
            new_tokens: Tokens that the answer may have at most; as many as fit where None.

        Raises:
            BadRequest: If question or image cannot be read, or are too long.
        """
        prompt, image, tokens = self._inputs(question)
        limit = min(new_tokens or self._settings.max_new_tokens, self._settings.max_new_tokens, self._context - tokens)
        return Prefilled(question, self._engine.prefill([prompt], image), tokens, limit)

    def generate(self, prefilled: Prefilled) -> Iterator[Delta]:
        """Generates the answer, the most likely token at each step; the last delta says why it ends."""
        ids: list[int] = []
        sent = ""
        for step in self._engine.stream(prefilled.state, [prefilled.limit], {self._stop}):
            ids.append(step[0])
            text = self._tokenizer.decode(ids).lstrip()
            if not text.endswith(_INCOMPLETE) and text != sent:
                yield Delta(text[len(sent) :], len(ids))
                sent = text
        rest = self._tokenizer.decode(ids).lstrip()[len(sent) :]
        yield Delta(rest, len(ids), "length" if len(ids) == prefilled.limit else "stop")

    def _inputs(self, question: QuestionRequest) -> tuple[list[int], Floats | None, int]:
        """Token ids of the prompt, the embedded image (1, tokens, hidden_size), and the tokens of both together."""
        prompt = self._encode(prompt_ids, question.text)
        image = None if question.image is None else self._embed(question.image)
        tokens = len(prompt) + (0 if image is None else image.shape[1])
        if tokens >= self._context:
            raise BadRequest(
                f"the question has {tokens} tokens (image included); the model reads fewer than {self._context}"
            )
        return prompt, image, tokens

    def _encode(self, encode: Callable[[Any, str], list[int]], text: str) -> list[int]:
        if len(text) > _CHARACTERS * self._context:
            raise BadRequest(f"a text has {len(text):,} characters; the model reads {self._context} tokens at most")
        for mark in SPECIAL_TOKENS:
            if mark in text:
                raise BadRequest(f"a question or choice may not contain {mark}")
        try:
            return encode(self._tokenizer, text)
        except TypeError:
            raise BadRequest("a question or choice must be valid Unicode text") from None
        except ValueError as error:
            raise BadRequest(str(error)) from None

    def _embed(self, image: bytes) -> Floats:
        try:
            pixels = preprocess(image, self._pixels)
        except ImageError as error:
            raise BadRequest(str(error)) from None
        return self._engine.embed_images(pixels[None])
