"""A Llama's KV cache as plain tensors, and who sees whom on it; for the torch engine and for the exported decoder."""

from collections.abc import Sequence

import torch
from torch import Tensor
from transformers import DynamicCache


def cache_of(past: Sequence[Tensor]) -> DynamicCache:
    """The cache that holds key and value of each layer in turn, each (b, heads, p, head size)."""
    cache = DynamicCache()
    for layer, (key, value) in enumerate(zip(past[::2], past[1::2], strict=True)):
        cache.update(key, value, layer)
    return cache


def past_of(cache: DynamicCache) -> list[Tensor]:
    """Key and value of each layer of a cache in turn, each (b, heads, p, head size)."""
    return [tensor for layer in cache.layers for tensor in (layer.keys, layer.values)]


def causal(mask: Tensor, inputs: Tensor) -> Tensor:
    """Whether each new token sees each token: itself and those before it, where they are not padding.

    Args:
        mask: 1 for a token, 0 for padding, of what is past and what is new, int64 (b, p + s).
        inputs: What is new (b, s, hidden_size).

    Returns:
        bool (b, 1, s, p + s).
    """
    column = torch.arange(mask.shape[1], device=mask.device)  # (p + s,)
    row = column[mask.shape[1] - inputs.shape[1] :]  # (s,): place of each new token
    return (column[None, :] <= row[:, None])[None, None] & mask[:, None, None, :].bool()
