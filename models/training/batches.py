"""Batches as a pure function of the step, and the order in which a rank takes its parts of them."""

from collections.abc import Iterator
from typing import Protocol, runtime_checkable

import torch

Batch = dict[str, torch.Tensor]


class BatchSource(Protocol):
    """Batches as a pure function of the step: asking twice, in any order, gives the same bits."""

    def batch(self, step: int) -> Batch:
        """The batch of a step, counted from 0."""


@runtime_checkable
class PartedBatchSource(BatchSource, Protocol):
    """Batches that come in equal parts too, for several ranks or several parts a step."""

    def part(self, step: int, index: int, count: int) -> Batch:
        """One of `count` equal parts of the batch of a step."""


class RankBatches(torch.utils.data.Dataset[Batch]):
    """The parts that one rank takes, one after another: part k of a step is number k x ranks + rank of it."""

    def __init__(
        self, source: BatchSource, steps: int, first: int, accumulate: int, rank: int = 0, ranks: int = 1
    ) -> None:
        """Takes what the batches come from and which parts of them are this rank's.

        Args:
            source: Where the batches come from.
            steps: Steps of the whole run.
            first: The step to begin with, from 0.
            accumulate: Parts of a step that a rank takes one after another.
            rank: Number of this rank.
            ranks: Ranks that share a step.

        Raises:
            ValueError: If a step is to be shared and the source gives whole batches only.
        """
        self._source, self._steps, self._first = source, steps, first
        self._accumulate, self._rank, self._ranks = accumulate, rank, ranks
        self._count = accumulate * ranks
        if self._count > 1 and not isinstance(source, PartedBatchSource):
            raise ValueError(f"{type(source).__name__} gives whole batches only, not {self._count} parts of one")

    def __len__(self) -> int:
        return (self._steps - self._first) * self._accumulate

    def __getitem__(self, number: int) -> Batch:
        step, part = divmod(number, self._accumulate)
        if self._count == 1:
            return self._source.batch(self._first + step)
        assert isinstance(self._source, PartedBatchSource)
        return self._source.part(self._first + step, part * self._ranks + self._rank, self._count)


class BatchStream:
    """The parts of a rank in their order, prepared ahead by worker processes where there are any."""

    def __init__(self, batches: RankBatches, workers: int) -> None:
        """Takes the parts and the number of worker processes; 0 prepares each when it is needed."""
        self._batches, self._workers = batches, workers

    def __iter__(self) -> Iterator[Batch]:
        if not self._workers:
            return (self._batches[number] for number in range(len(self._batches)))
        cuda = torch.cuda.is_available()
        return iter(
            torch.utils.data.DataLoader(self._batches, batch_size=None, num_workers=self._workers, pin_memory=cuda)
        )
