"""The two-layer projector that several connectors end in, and what it costs."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import nn


def mlp_projector(channels: int, intermediate_size: int, hidden_size: int) -> "nn.Sequential":
    """Channels - intermediate_size - GELU - hidden_size - LayerNorm, applied to each token alone."""
    from torch import nn

    return nn.Sequential(
        nn.Linear(channels, intermediate_size),
        nn.GELU(),
        nn.Linear(intermediate_size, hidden_size),
        nn.LayerNorm(hidden_size),
    )


def projector_params(channels: int, intermediate_size: int, hidden_size: int) -> int:
    """Weights of the projector, its LayerNorm included."""
    return intermediate_size * (channels + 1) + hidden_size * (intermediate_size + 1) + 2 * hidden_size


def projector_multiply_adds(channels: int, intermediate_size: int, hidden_size: int) -> int:
    """Multiplications with an addition of the projector's two matrices, a token."""
    return intermediate_size * (channels + hidden_size)
