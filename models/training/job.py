"""A training run in one value: what is trained, on what, and how."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, runtime_checkable

import torch

from inkling.models.training.execution import Execution
from inkling.models.training.log import MeterFactory
from inkling.models.training.optimization import Optimization

Batch = dict[str, torch.Tensor]
Loss = Callable[[torch.nn.Module, Batch], torch.Tensor]


class BatchSource(Protocol):
    """Batches as a pure function of the step: asking twice, in any order, gives the same bits."""

    def batch(self, step: int) -> Batch:
        """The batch of a step, counted from 0."""


@runtime_checkable
class PartedBatchSource(BatchSource, Protocol):
    """Batches that come in equal parts too, for several ranks or several parts a step."""

    def part(self, step: int, index: int, count: int) -> Batch:
        """One of `count` equal parts of the batch of a step."""


class Mirror(Protocol):
    """A copy of a work directory where another node finds it again."""

    def fetch(self, run: Path) -> None:
        """Leaves a run's directory on this node the newest checkpoint of the copy, and no other."""

    def saved(self, path: Path) -> None:
        """Told on rank 0 of each checkpoint, and of weights that are kept, once they are written."""


class TrainingError(RuntimeError):
    """Training that cannot go on; the message names the step."""


@dataclass(frozen=True)
class Job:
    """What `fit` was asked to do; its arguments under their names."""

    network: torch.nn.Module
    loss: Loss
    batches: BatchSource
    optimization: Optimization
    seed: int
    checkpoint_every: int
    progress: MeterFactory
    execution: Execution
    keep: Collection[int]
    spike: float | None
    describe: Callable[[int], list[str]] | None
    mirror: Mirror | None
