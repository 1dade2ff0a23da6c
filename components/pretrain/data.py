"""The order of training: which windows of which source make up each batch, a pure function of seed, blend and step."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import torch
from numpy.typing import NDArray

_GOLDEN = 0.6180339887498949  # fractional part of the golden ratio: its multiples fill [0, 1) evenly from the start
_BLOCK = 1 << 16  # sequences that are planned at once, so that a plan of any length takes no memory


@dataclass(frozen=True)
class Anneal:
    """Another blend for the end of a run.

    Attributes:
        first: The step, from 0, from which it holds.
        weights: Share of the sequences drawn from each source.
    """

    first: int
    weights: Mapping[str, float]


@dataclass(frozen=True)
class Window:
    """Where a sequence comes from.

    Attributes:
        source: Name of the source.
        token: Its first token, counted from the start of the source.
    """

    source: str
    token: int


class BlendBatches:
    """Batches drawn from several sources by weight.

    The sources follow a low-discrepancy sequence, so that every prefix of the run holds them in their shares. Within a
    source the text is cut into windows that do not overlap; all are taken in a shuffled order before any is taken
    again, and each pass cuts at other places.
    """

    def __init__(
        self, sources: Mapping[str, NDArray[np.integer]], weights: Mapping[str, float], batch: int, context: int,
        steps: int, seed: int, anneal: Anneal | None = None, shuffled: bool = False,
    ) -> None:  # fmt: skip
        """Plans the order.

        Args:
            sources: Tokens of each source, (tokens,), one text after another.
            weights: Share of the sequences drawn from each source.
            batch: Sequences per batch.
            context: Tokens per sequence that are predicted.
            steps: Batches in all; the first ones do not depend on it.
            seed: Determines the order.
            anneal: Another blend for the last steps; what comes before does not depend on it.
            shuffled: Whether a sequence holds tokens from random places of its source in place of a window.

        Raises:
            ValueError: If a source is shorter than one sequence, or no weight is positive.
        """
        names = [name for name in sorted(sources) if weights.get(name, 0) > 0]
        if not names:
            raise ValueError("no source has a positive weight")
        if anneal is not None:
            names += sorted(name for name in sources if anneal.weights.get(name, 0) > 0 and name not in names)
        for name in names:
            if len(sources[name]) <= context:
                raise ValueError(
                    f"too little text: source '{name}' has {len(sources[name]):,} tokens, a sequence takes "
                    f"{context + 1:,}. Give it more text, or lower pretrain.context"
                )
        self._names, self._tokens = names, [sources[name] for name in names]
        self._batch, self._context, self._seed, self._shuffled = batch, context, seed, shuffled
        self._offset = np.random.default_rng(seed).random()
        self._blends = [_bounds(names, weights), _bounds(names, weights if anneal is None else anneal.weights)]
        self._change = (steps if anneal is None else anneal.first) * batch
        self._end = steps * batch
        blocks = range(-(-self._end // _BLOCK))
        counts = [np.bincount(self._sources(block), minlength=len(names)) for block in blocks]
        self._before = np.cumsum([np.zeros(len(names), np.int64), *counts], axis=0)
        self._plan = lru_cache(maxsize=2)(self._planned)
        self._starts = lru_cache(maxsize=2 * len(names))(self._windows)

    def batch(self, step: int) -> dict[str, torch.Tensor]:
        """The batch of a step, from 0: `inputs` and `targets`, int64 (batch, context), targets one token later."""
        return self.part(step, 0, 1)

    def part(self, step: int, index: int, count: int) -> dict[str, torch.Tensor]:
        """One of `count` equal parts of the batch of a step, in their order."""
        size = self._batch // count
        first = step * self._batch + index * size
        rows = np.stack([self._read(number) for number in range(first, first + size)])  # (batch / count, context + 1)
        tokens = torch.from_numpy(rows)
        return {"inputs": tokens[:, :-1].contiguous(), "targets": tokens[:, 1:].contiguous()}

    def windows(self, step: int) -> list[Window]:
        """Where the sequences of the batch of a step come from."""
        places = (self._place(number) for number in range(step * self._batch, (step + 1) * self._batch))
        return [Window(self._names[source], first) for source, first in places]

    def sequences(self, steps: int) -> dict[str, int]:
        """How many sequences of each source the first steps hold."""
        block, rest = divmod(steps * self._batch, _BLOCK)
        counts = self._before[block].copy()
        if rest:
            counts += np.bincount(self._sources(block)[:rest], minlength=len(self._names))
        return dict(zip(self._names, counts.tolist(), strict=True))

    def _read(self, number: int) -> NDArray[np.int64]:
        source, first = self._place(number)
        tokens = self._tokens[source]
        if self._shuffled:
            drawn = np.random.default_rng((self._seed, number)).integers(len(tokens), size=self._context + 1)
            return tokens[drawn].astype(np.int64)
        return tokens[first : first + self._context + 1].astype(np.int64)

    def _place(self, number: int) -> tuple[int, int]:
        """Source of a sequence of the run, and its first token there."""
        block, place = divmod(number, _BLOCK)
        sources, turns = self._plan(block)  # (block,) each
        source, turn = int(sources[place]), int(turns[place])
        epoch = 0
        while turn >= len(starts := self._starts(source, epoch)):
            turn -= len(starts)
            epoch += 1
        return source, int(starts[turn])

    def _planned(self, block: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Source of each sequence of a block, and how many of the same source come before it in the run."""
        sources = self._sources(block)
        turns = np.zeros(len(sources), np.int64)
        for index in range(len(self._names)):
            chosen = sources == index
            turns[chosen] = self._before[block][index] + np.arange(chosen.sum())
        return sources, turns

    def _sources(self, block: int) -> NDArray[np.int64]:
        numbers = np.arange(block * _BLOCK, min((block + 1) * _BLOCK, self._end))
        place = (self._offset + numbers * _GOLDEN) % 1.0  # (block,) in [0, 1)
        usual, last = (np.searchsorted(bounds, place, side="right") for bounds in self._blends)
        return np.minimum(np.where(numbers < self._change, usual, last), len(self._names) - 1)

    def _windows(self, source: int, epoch: int) -> NDArray[np.int64]:
        """First tokens of the windows of one pass through a source, in their order."""
        random = np.random.default_rng((self._seed, source, epoch))
        room = len(self._tokens[source]) - self._context
        offset = int(random.integers(min(self._context, room)))
        return random.permutation(np.arange(offset, room, self._context))


def _bounds(names: list[str], weights: Mapping[str, float]) -> NDArray[np.float64]:
    """Where in [0, 1) the part of each source ends."""
    shares = np.cumsum([weights.get(name, 0.0) for name in names])
    return shares / shares[-1]
