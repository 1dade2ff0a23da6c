"""The order of reading: which windows of which source make up each batch, a pure function of seed, blend and step."""

from collections.abc import Mapping
from functools import lru_cache

import numpy as np
import torch
from numpy.typing import NDArray

_GOLDEN = 0.6180339887498949  # fractional part of the golden ratio: its multiples fill [0, 1) evenly from the start


class BlendBatches:
    """Batches drawn from several sources by weight.

    The sources follow a low-discrepancy sequence, so that every prefix of the run holds them in their shares. Within a
    source the text is cut into windows that do not overlap; all are read in a shuffled order before any is read again,
    and each pass cuts at other places.
    """

    def __init__(
        self, sources: Mapping[str, NDArray[np.integer]], weights: Mapping[str, float], batch: int, context: int,
        steps: int, seed: int,
    ) -> None:  # fmt: skip
        """Plans the order.

        Args:
            sources: Tokens of each source, (tokens,), one text after another.
            weights: Share of the sequences drawn from each source.
            batch: Sequences per batch.
            context: Tokens per sequence that are predicted.
            steps: Batches in all; the first ones do not depend on it.
            seed: Determines the order.

        Raises:
            ValueError: If a source is shorter than one sequence, or no weight is positive.
        """
        names = [name for name in sorted(sources) if weights[name] > 0]
        for name in names:
            if len(sources[name]) <= context:
                raise ValueError(f"source '{name}' has {len(sources[name])} tokens: a sequence takes {context + 1}")
        if not names:
            raise ValueError("no source has a positive weight")
        self._tokens = [sources[name] for name in names]
        self._batch, self._context, self._seed = batch, context, seed
        shares = np.cumsum([weights[name] for name in names])
        place = (np.random.default_rng(seed).random() + np.arange(steps * batch) * _GOLDEN) % 1.0
        self._source = np.minimum(np.searchsorted(shares / shares[-1], place, side="right"), len(names) - 1)
        self._turn = np.zeros(steps * batch, dtype=np.int64)
        for index in range(len(names)):
            chosen = self._source == index
            self._turn[chosen] = np.arange(chosen.sum())
        self._starts = lru_cache(maxsize=2 * len(names))(self._windows)

    def batch(self, step: int) -> dict[str, torch.Tensor]:
        """The batch of a step, from 0: `inputs` and `targets`, int64 (batch, context), targets one token later."""
        rows = np.stack([self._window(number) for number in range(step * self._batch, (step + 1) * self._batch)])
        tokens = torch.from_numpy(rows)
        return {"inputs": tokens[:, :-1].contiguous(), "targets": tokens[:, 1:].contiguous()}

    def _window(self, number: int) -> NDArray[np.int64]:
        source, turn = int(self._source[number]), int(self._turn[number])
        epoch = 0
        while turn >= len(starts := self._starts(source, epoch)):
            turn -= len(starts)
            epoch += 1
        first = starts[turn]
        return self._tokens[source][first : first + self._context + 1].astype(np.int64)

    def _windows(self, source: int, epoch: int) -> NDArray[np.int64]:
        """First tokens of the windows of one pass through a source, in the order of reading."""
        random = np.random.default_rng((self._seed, source, epoch))
        room = len(self._tokens[source]) - self._context
        offset = int(random.integers(min(self._context, room)))
        return random.permutation(np.arange(offset, room, self._context))
