"""What the engine's thread works on: answers that grow token by token, and choices that are scored at once."""

import asyncio
import time
from collections.abc import Callable, Hashable, Sequence
from typing import Any

import numpy as np

from inkling.components.serve.record import current
from inkling.components.serve.request import Delta, Finish, TokenLogprob
from inkling.components.serve.writing import Writer
from inkling.models.inference.engine import Floats, Ids
from inkling.models.inference.likelihood import log_softmax
from inkling.models.inference.sampling import TokenSampler
from inkling.models.inference.token_bytes import TokenBytes


class PromptImage:
    """An image on its way to the language model.

    Attributes:
        key: Digest of what it was made of: the same key is the same image.
        pixels: Preprocessed (3, size, size); None once it is embedded.
        embedded: What the language model reads (tokens, hidden_size); None until the vision graph ran.
        look: Its brightness and contrast; None of one whose pixels were not decoded for this.
    """

    look: tuple[float, float] | None = None

    def __init__(self, key: bytes, pixels: Floats | None = None, embedded: Floats | None = None) -> None:
        """Takes either form."""
        self.key, self.pixels, self.embedded = key, pixels, embedded


class Work:
    """Work that a request waits for.

    Attributes:
        prompt: Ids of the prompt's tokens.
        image: The image behind the first of them; None asks blind.
        dropped: Whether nobody waits for it any more; it is then not worked on.
        quiet: Whether what is not the end need not be emitted.
        loop: The event loop that waits.
        emit: What is called on that loop with each result, or with the error that ended the work.
        record: The request's, which the time of each step is added to.
    """

    def __init__(self, prompt: Ids, image: PromptImage | None, emit: Callable[[Any], None]) -> None:
        """Belongs to the running event loop."""
        self.prompt, self.image, self.emit = prompt, image, emit
        self.dropped = self.quiet = False
        self.loop, self.record = asyncio.get_running_loop(), current()
        self._since = time.perf_counter()

    def lap(self, step: str) -> None:
        """Adds the time since the last step to this one: queue, score, prefill, decode."""
        now = time.perf_counter()
        self.record.add(step, now - self._since)
        self._since = now

    @property
    def key(self) -> Hashable:
        """What the prompt's prefill is computed of: the same key is the same result."""
        return None if self.image is None else self.image.key, tuple(self.prompt)


class ScoringJob(Work):
    """Choices whose tokens' log-probabilities are wanted; emits a list a choice of a TokenLogprob a token."""

    def __init__(
        self,
        prompt: Ids,
        image: PromptImage | None,
        choices: Sequence[Ids],
        lookup: "Logprobs",
        emit: Callable[[list[list[TokenLogprob]]], None],
    ) -> None:
        """Takes the ids of each choice's tokens, one at least."""
        super().__init__(prompt, image, emit)
        self.choices, self._lookup = choices, lookup

    def result(self, logits: Sequence[Floats]) -> list[list[TokenLogprob]]:
        """What is emitted, given the logits that predict each choice's tokens (tokens, vocabulary)."""
        self.lap("score")
        return [
            [self._lookup.of(token, row) for token, row in zip(choice, found, strict=True)]
            for choice, found in zip(self.choices, logits, strict=True)
        ]


class GenerationJob(Work):
    """An answer that grows; emits a Delta a step, or where it is quiet one at the end."""

    def __init__(
        self,
        prompt: Ids,
        image: PromptImage | None,
        limit: int,
        sampler: TokenSampler,
        writer: Writer,
        lookup: "Logprobs | None",
        emit: Callable[[Delta], None],
    ) -> None:
        """Takes the most tokens that the answer may have, and what draws, writes and explains them."""
        super().__init__(prompt, image, emit)
        self._limit, self._sampler, self._writer, self._lookup = limit, sampler, writer, lookup
        self._begun, self._count = False, 0
        self._text: list[str] = []  # what was not emitted yet
        self._logprobs: list[TokenLogprob] = []

    def draw(self, logits: Floats, likeliest: int) -> int:
        """The next token, given its logits (vocabulary,) and which of them is the largest."""
        return likeliest if self._sampler.greedy else self._sampler.draw(logits)

    def add(self, token: int, logits: Floats, ends: bool) -> Delta | None:
        """Takes the token that was drawn.

        Args:
            token: Its id.
            logits: Logits that it was drawn from (vocabulary,).
            ends: Whether it is the one that ends an answer.

        Returns:
            What is to be emitted now; its `finish` says whether the answer is at its end.
        """
        finish: Finish | None = "stop" if ends else None
        if not self._begun:
            self._begun = True
            self.lap("prefill")
            self.record.token()
        if not ends:
            self._count += 1
            self._keep(self._writer.add(token, self._lookup.of(token, logits) if self._lookup else None))
            if self._writer.stopped:
                finish = "stop"
            elif self._count == self._limit:
                finish = "length"
        if finish:
            self.lap("decode")
        if finish and not self._writer.stopped:
            self._keep(self._writer.end())
        if not finish and (self.quiet or not (self._text or self._logprobs)):
            return None
        delta = Delta("".join(self._text), self._count, finish, tuple(self._logprobs))
        self._text, self._logprobs = [], []
        return delta

    def _keep(self, piece: tuple[str, tuple[TokenLogprob, ...]]) -> None:
        text, logprobs = piece
        if text:
            self._text.append(text)
        self._logprobs += logprobs


class Logprobs:
    """Says how likely tokens were, and what else might have stood there."""

    def __init__(self, tokens: TokenBytes, top: int) -> None:
        """Takes how many alternatives are wanted."""
        self._tokens, self._top = tokens, top

    def of(self, token: int, logits: Floats) -> TokenLogprob:
        """A token, given the logits that predicted it (vocabulary,)."""
        found = log_softmax(logits)
        if not self._top:
            return self._entry(token, found[token])
        top = np.argpartition(-found, min(self._top, len(found) - 1))[: self._top]
        best = sorted(top.tolist(), key=lambda other: (-found[other], other))
        return self._entry(token, found[token], tuple(self._entry(other, found[other]) for other in best))

    def _entry(self, token: int, logprob: float, top: tuple[TokenLogprob, ...] = ()) -> TokenLogprob:
        return TokenLogprob(token, self._tokens.text(token), self._tokens[token], float(logprob), top)
