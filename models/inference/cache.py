"""One pass of a Llama over new positions, keys and values as plain tensors; the exported decoder traces it too."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn
from transformers import DynamicCache


def cached_pass(
    language: nn.Module, inputs: Tensor, mask: Tensor, positions: Tensor, past: Sequence[Tensor]
) -> tuple[Any, list[Tensor]]:
    """Runs s new positions of b sequences after p past ones.

    Args:
        language: `LlamaForCausalLM`, or its `model`.
        inputs: Embeddings (b, s, hidden_size).
        mask: 1 for a token, 0 for padding, of what is past and what is new, int64 (b, p + s).
        positions: Position of each new token, int64 (b, s).
        past: Key and value of each layer in turn, each (b, heads, p, head size).

    Returns:
        The module's output, and keys and values with the new tokens' at the end.
    """
    cache = DynamicCache()
    for layer, (key, value) in enumerate(zip(past[::2], past[1::2], strict=True)):
        cache.update(key, value, layer)
    column = torch.arange(mask.shape[1], device=mask.device)  # (p + s,)
    row = column[mask.shape[1] - inputs.shape[1] :]  # (s,): place of each new token
    visible = (column[None, :] <= row[:, None])[None, None] & mask[:, None, None, :].bool()  # (b, 1, s, p + s)
    output = language(
        inputs_embeds=inputs, attention_mask=visible, position_ids=positions, past_key_values=cache, use_cache=True
    )
    return output, [tensor for layer in cache.layers for tensor in (layer.keys, layer.values)]
