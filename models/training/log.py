"""What a training run tells: a row per step for its log, and progress for whoever watches."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True)
class LogRow:
    """One step of a training run; the same in a resumed run as in an undisturbed one.

    Attributes:
        step: Number of the step, from 1.
        loss: Loss of its batch, before the update.
        learning_rate: Learning rate of its update.
    """

    step: int
    loss: float
    learning_rate: float


class Meter(Protocol):
    """Shows progress; `inkling.components.shared.runtime.progress.Progress` is one."""

    def advance(self, units: float = 1, **figures: float) -> None:
        """Counts steps that are done."""


MeterFactory = Callable[[int], AbstractContextManager[Meter]]
"""Opens a meter, given the steps that an earlier, interrupted run has done."""


class Silence:
    """A meter that shows nothing."""

    def __enter__(self) -> "Silence":
        """Begins to show nothing."""
        return self

    def __exit__(self, *exception: object) -> None:
        """Shows nothing more."""

    def advance(self, units: float = 1, **figures: float) -> None:
        """Counts nothing."""


def silent(done: int) -> Silence:
    """A meter factory for work that nobody watches."""
    return Silence()
