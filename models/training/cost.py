"""What a training run of a language model costs, before it starts: memory of a rank, operations, room on the disk.

Weights, gradients and AdamW's two means are kept in fp32. The loss holds three matrices of tokens x vocabulary at its
peak. What the network itself takes, its spec says: weights, operations a token, and what a block keeps of a token.
"""

from dataclasses import dataclass
from typing import Literal

from inkling.models.spec import LanguageSpec

_MASTER, _MEANS = 4, 8
_LOSS = {False: 12, True: 14}
_ENDS = 12
CHECKPOINTS_ON_DISK = 2
"""Checkpoints that a run leaves on the disk at a time."""
FRAMEWORKS = {"cpu": 0.75e9, "cuda": 1.5e9}
"""What a rank holds beside all this: on a CPU torch, Lightning and NeMo (measured), on a GPU context and workspaces."""


@dataclass(frozen=True)
class Plan:
    """A training run, as far as its costs depend on it.

    Attributes:
        language: The network.
        vocabulary: Entries of the tokenizer.
        tokens: Tokens that it is trained on.
        batch: Sequences a step, over all ranks.
        context: Tokens a sequence.
        ranks: Processes that share the work.
        accumulate: Parts in which a rank takes its share of a step.
        sharded: Whether each rank holds a shard of the network (FSDP2) instead of all of it.
        bf16: Whether matrices are multiplied in bf16.
        exports: Models that are exported beside the last one.
    """

    language: LanguageSpec
    vocabulary: int
    tokens: int
    batch: int
    context: int
    ranks: int = 1
    accumulate: int = 1
    sharded: bool = False
    bf16: bool = False
    exports: int = 0

    @property
    def parameters(self) -> int:
        """Weights in all."""
        return self.language.num_params(self.vocabulary)

    @property
    def rows(self) -> int:
        """Tokens that a rank takes at a time."""
        return self.batch // (self.ranks * self.accumulate) * self.context

    @property
    def operations(self) -> float:
        """Floating-point operations of the whole run."""
        return float(self.tokens) * self.language.operations(self.vocabulary, self.context)


@dataclass(frozen=True)
class Memory:
    """What a rank holds at its peak, in bytes.

    Attributes:
        weights: Its weights, with the copies in which they are multiplied.
        gradients: Their gradients.
        optimiser: AdamW's means.
        activations: What the forward pass keeps for the backward pass, and the loss.
        frameworks: Everything else.
    """

    weights: float
    gradients: float
    optimiser: float
    activations: float
    frameworks: float

    @property
    def total(self) -> float:
        """All of it."""
        return self.weights + self.gradients + self.optimiser + self.activations + self.frameworks


def memory(plan: Plan, device: Literal["cpu", "cuda"]) -> Memory:
    """What each rank of a run holds at its peak."""
    held = plan.parameters / (plan.ranks if plan.sharded else 1)
    language = plan.language
    block = language.block_params
    copies = (2 * (2 * block if plan.sharded else plan.parameters)) if plan.bf16 else (8 * block if plan.sharded else 0)
    blocks = language.num_hidden_layers * language.block_activation_bytes(plan.bf16)
    activations = plan.rows * (blocks + _LOSS[plan.bf16] * plan.vocabulary + _ENDS * language.hidden_size)
    return Memory(_MASTER * held + copies, _MASTER * held, _MEANS * held, activations, FRAMEWORKS[device])


def disk(plan: Plan, checkpoints: int) -> float:
    """Bytes that a run takes at its fullest: its checkpoints, one more while it is written, and the models.

    Args:
        plan: The run.
        checkpoints: Checkpoints on the disk at a time, beside the one being written.
    """
    models = _MASTER * (1 + plan.exports)
    return plan.parameters * float((checkpoints + 1) * (_MASTER + _MEANS) + models)


def hours(plan: Plan, rate: float, share: float) -> float:
    """Hours that a run takes.

    Args:
        plan: The run.
        rate: Matrix products of one device, operations a second.
        share: Part of that rate which training reaches.
    """
    return plan.operations / (plan.ranks * rate * share) / 3600
