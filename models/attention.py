"""The parts of a transformer block as plug-ins share them: plain matrix products, which every exporter knows."""

import torch
from torch import Tensor, nn


class MultiHeadAttention(nn.Module):
    """Tokens look at a context through several heads (Vaswani et al., 2017, arXiv 1706.03762), without biases."""

    def __init__(self, hidden_size: int, heads: int) -> None:
        """Draws the four matrices.

        Args:
            hidden_size: Channels of the tokens and of the context, a multiple of the heads.
            heads: Attention heads.
        """
        super().__init__()
        self._heads = heads
        self.query, self.key, self.value, self.output = (
            nn.Linear(hidden_size, hidden_size, bias=False) for _ in range(4)
        )
        self.weigh = AttentionWeights()

    def keys(self, context: Tensor) -> Tensor:
        """The keys of a context (batch, m, hidden_size), (batch, heads, m, head size)."""
        return self._split(self.key(context))

    def forward(self, tokens: Tensor, context: Tensor, keys: Tensor | None = None) -> Tensor:
        """What tokens find in a context (batch, n, hidden_size).

        Args:
            tokens: (batch, n, hidden_size).
            context: (batch, m, hidden_size).
            keys: Those of the context, if they were computed before.
        """
        weights = self.weigh(self._split(self.query(tokens)), self.keys(context) if keys is None else keys)
        found = weights @ self._split(self.value(context))  # (batch, heads, n, head size)
        shown: Tensor = self.output(found.transpose(1, 2).flatten(2))
        return shown

    def _split(self, tensor: Tensor) -> Tensor:
        """(batch, n, hidden_size) to (batch, heads, n, head size)."""
        return tensor.unflatten(2, (self._heads, -1)).transpose(1, 2)


class AttentionWeights(nn.Module):
    """How much each query looks at each key; a module of its own, so that a hook can read it."""

    def forward(self, query: Tensor, key: Tensor) -> Tensor:
        """Weights (batch, heads, n, m), which sum to 1 over the keys.

        Args:
            query: (batch, heads, n, head size).
            key: (batch, heads, m, head size).
        """
        return torch.softmax(query @ key.transpose(2, 3) * query.shape[3] ** -0.5, dim=3)


def feed_forward(hidden_size: int) -> nn.Sequential:
    """A norm and two layers, the inner one four times as wide, applied to each token alone."""
    return nn.Sequential(
        nn.LayerNorm(hidden_size),
        nn.Linear(hidden_size, 4 * hidden_size),
        nn.GELU(),
        nn.Linear(4 * hidden_size, hidden_size),
    )
