"""What a training run of a language model costs, before it starts: memory of a rank, operations, room on the disk.

Weights, gradients and AdamW's two means are kept in fp32. What a block keeps for the backward pass was counted from
the tensors that autograd saves: with h channels in the feed-forward part, w in the residual stream and k in keys,
16 h + 32 w + 8 k bytes a token in fp32 and 8 h + 28 w + 6 k under bf16 autocast, attention without its square. The loss
holds three matrices of tokens x vocabulary at its peak. A token costs 6 operations a weight of a matrix, and causal
attention 6 x layers x width x context (Kaplan et al., 2020, section 2.1).
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from inkling.models.language.presets import Preset

if TYPE_CHECKING:
    import torch

_MASTER, _MEANS = 4, 8
_BLOCK = {False: (16, 32, 8), True: (8, 28, 6)}
_LOSS = {False: 12, True: 14}
_ENDS = 12
FRAMEWORKS = {"cpu": 0.75e9, "cuda": 1.5e9}
"""What a rank holds beside all this: on a CPU torch, Lightning and NeMo (measured), on a GPU context and workspaces."""


@dataclass(frozen=True)
class Plan:
    """A training run, as far as its costs depend on it.

    Attributes:
        preset: Size of the network.
        vocabulary: Entries of the tokenizer.
        tokens: Tokens that are read.
        batch: Sequences a step, over all ranks.
        context: Tokens a sequence.
        ranks: Processes that share the work.
        accumulate: Parts in which a rank takes its share of a step.
        sharded: Whether each rank holds a shard of the network (FSDP2) instead of all of it.
        half: Whether matrices are multiplied in bf16.
        exports: Models that are kept beside the last one.
    """

    preset: Preset
    vocabulary: int
    tokens: int
    batch: int
    context: int
    ranks: int = 1
    accumulate: int = 1
    sharded: bool = False
    half: bool = False
    exports: int = 0

    @property
    def parameters(self) -> int:
        """Weights in all."""
        size = self.preset
        embeddings = self.vocabulary * size.width * (1 if size.tied else 2)
        return embeddings + size.layers * (_block_matrices(size) + 2 * size.width) + size.width

    @property
    def rows(self) -> int:
        """Tokens that a rank takes at a time."""
        return self.batch // (self.ranks * self.accumulate) * self.context

    @property
    def operations(self) -> float:
        """Floating-point operations of the whole run."""
        size = self.preset
        matrices = self.vocabulary * size.width + size.layers * _block_matrices(size)
        return float(self.tokens) * (6.0 * matrices + 6.0 * size.layers * size.width * self.context)


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
    size = plan.preset
    block = _block_matrices(size)
    copies = (2 * (2 * block if plan.sharded else plan.parameters)) if plan.half else (8 * block if plan.sharded else 0)
    hidden, width, keys = _BLOCK[plan.half]
    kept = hidden * size.hidden + width * size.width + keys * size.width * size.key_value_heads // size.heads
    activations = plan.rows * (size.layers * kept + _LOSS[plan.half] * plan.vocabulary + _ENDS * size.width)
    return Memory(_MASTER * held + copies, _MASTER * held, _MEANS * held, activations, FRAMEWORKS[device])


def disk(plan: Plan, checkpoints: int) -> float:
    """Bytes that a run takes at its fullest: its checkpoints, one more while it is written, and the models.

    Args:
        plan: The run.
        checkpoints: Checkpoints that are kept.
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


def _block_matrices(size: Preset) -> int:
    """Weights of the matrices of a block: queries and output, keys and values, the feed-forward part."""
    attention = 2 * size.width**2 + 2 * size.width**2 * size.key_value_heads // size.heads
    return attention + 3 * size.width * size.hidden


def operations_per_token(network: "torch.nn.Module", context: int) -> float:
    """Floating-point operations of training on a token: 6 for each weight of a matrix, and causal attention.

    The input embedding is looked up, not multiplied, and does not count unless it is the output layer too. Attention
    counts 6 x layers x hidden_size x context: half of the full square, as the mask leaves (arXiv 2001.08361, 2.1).
    """
    import torch

    matrices = sum(p.numel() for m in network.modules() if isinstance(m, torch.nn.Linear) for p in (m.weight,))
    shape = network.config
    return 6.0 * matrices + 6.0 * shape.num_hidden_layers * shape.hidden_size * context
