"""A training run in one value: what is trained, on what, how it is optimised and computed, and what it reports."""

from collections.abc import Callable, Collection, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Protocol

import torch

from inkling.models.training.batches import Batch, BatchSource

Strategy = Literal["single", "ddp", "fsdp2"]
Precision = Literal["auto", "fp32", "bf16"]
Loss = Callable[[torch.nn.Module, Batch], torch.Tensor]


class TrainingError(RuntimeError):
    """Training that cannot go on; the message names the step."""


@dataclass(frozen=True)
class Optimization:
    """How a network is optimised: AdamW, a linear warm-up and a cosine decay, gradients clipped by their norm.

    Attributes:
        steps: Optimiser steps in all.
        learning_rate: Highest learning rate, reached after the warm-up.
        warmup_steps: Steps over which the learning rate rises; fewer than `steps`.
        final_ratio: The learning rate of the last step, as a part of the highest.
        weight_decay: Decoupled decay of weight matrices; vectors (norms, biases) are never decayed.
        betas: Decay rates of AdamW's two running means.
        gradient_clip: Largest norm of the gradient; longer ones are scaled to it.
        rates: Factor of the learning rate, from warm-up to end, of the parameters below a module, by its name.
    """

    steps: int
    learning_rate: float
    warmup_steps: int = 0
    final_ratio: float = 0.1
    weight_decay: float = 0.1
    betas: tuple[float, float] = (0.9, 0.95)
    gradient_clip: float = 1.0
    rates: Mapping[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuses settings that make no sense together."""
        if self.steps < 0 or self.learning_rate <= 0:
            raise ValueError(f"steps must not be negative and learning_rate must be positive, got {self}")
        if any(rate <= 0 for rate in self.rates.values()):
            raise ValueError(f"factors of the learning rate must be positive, got {self}")
        if self.steps and not 0 <= self.warmup_steps < self.steps:
            raise ValueError(f"warmup_steps must be fewer than the {self.steps} steps, got {self.warmup_steps}")


@dataclass(frozen=True)
class Execution:
    """How the steps of a run are computed: ranks, precision, parts of a batch; none of it changes what is trained.

    Attributes:
        strategy: "single" on one device; "ddp" with the network on each rank; "fsdp2" with a shard of it on each rank.
        accumulate: Parts, one after another, in which a rank takes its sequences of a step.
        precision: "fp32", "bf16" (weights and updates stay in fp32), or "auto": bf16 on a GPU, fp32 on a CPU.
        compile: Whether to compile the network's blocks; None does so where a GPU multiplies in bf16.
        loader_workers: Processes that prepare batches ahead; 0 prepares them in between.
        sparse: Whether a step may leave parameters out: a connector, where it has no image. They are not updated then.
    """

    strategy: Strategy = "single"
    accumulate: int = 1
    precision: Precision = "fp32"
    compile: bool | None = None
    loader_workers: int = 0
    sparse: bool = False

    def bf16(self, cuda: bool) -> bool:
        """Whether matrices are multiplied in bf16."""
        return cuda if self.precision == "auto" else self.precision == "bf16"

    def compiled(self, cuda: bool) -> bool:
        """Whether the network is compiled."""
        return cuda and self.bf16(cuda) if self.compile is None else self.compile


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
    """Shows the progress of a run."""

    def advance(self, units: float = 1, **figures: float) -> None:
        """Counts steps that are done."""


MeterFactory = Callable[[int], AbstractContextManager[Meter]]
"""Opens a meter, given the steps that an earlier, interrupted run has done."""


class SilentMeter:
    """A meter that shows nothing."""

    def __enter__(self) -> "SilentMeter":
        """Begins to show nothing."""
        return self

    def __exit__(self, *exception: object) -> None:
        """Shows nothing more."""

    def advance(self, units: float = 1, **figures: float) -> None:
        """Counts nothing."""


def silent(done: int) -> SilentMeter:
    """A meter factory for work that nobody watches."""
    return SilentMeter()


class CheckpointMirror(Protocol):
    """A copy of a work directory where another node finds it again."""

    def fetch(self, run: Path) -> None:
        """Leaves a run's directory on this node the newest checkpoint of the copy, and no other."""

    def saved(self, path: Path) -> None:
        """Called on rank 0 after each checkpoint, and each export of weights, was written."""


@dataclass(frozen=True)
class TrainingJob:
    """The arguments of `fit`, under their names."""

    network: torch.nn.Module
    loss: Loss
    batches: BatchSource
    optimization: Optimization
    seed: int
    checkpoint_every: int
    progress: MeterFactory
    execution: Execution
    save_steps: Collection[int]
    loss_spike: float | None
    describe: Callable[[int], list[str]] | None
    mirror: CheckpointMirror | None
