"""The last layer of a language model where its output is read, and nowhere else.

A loss over answers, and a score of choices, read few of the positions. Of the others the last layer has to give keys
and values alone: their queries, what these find, and their feed-forward part change nothing that is read.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn
from transformers import LlamaForCausalLM
from transformers.integrations.sdpa_attention import sdpa_attention_forward
from transformers.models.llama.modeling_llama import rotate_half


def read_positions(rows: Tensor, count: int, length: int) -> tuple[Tensor, Tensor]:
    """Which positions of each sequence are read.

    Args:
        rows: Rows that are read of the flattened outputs (count * length), int64 (m,); one may be named several times.
        count: Sequences.
        length: Positions of a sequence.

    Returns:
        The positions, padded with position 0, int64 (count, n); and the rows among them, flattened, int64 (m,).
    """
    found, which = rows.unique(return_inverse=True)
    sequences = found // length
    counts = torch.bincount(sequences, minlength=count)
    slots = torch.arange(len(found), device=rows.device) - (counts.cumsum(0) - counts)[sequences]
    positions = rows.new_zeros(count, int(counts.max()))
    positions[sequences, slots] = found % length
    return positions, (sequences * positions.shape[1] + slots)[which]


@contextmanager
def last_layer_at(network: LlamaForCausalLM, positions: Tensor) -> Iterator[None]:
    """Lets the decoder return some positions alone, for one pass: (b, n, hidden_size) instead of (b, s, hidden_size).

    They are the same to rounding. The pass needs a mask (b, 1, s, s) and takes no cache.

    Args:
        network: The language model, with "sdpa" attention.
        positions: Which positions of each sequence, int64 (b, n).
    """
    layer = network.get_decoder().layers[-1]
    layer.forward = partial(_forward, layer, positions)
    try:
        yield
    finally:
        del layer.forward


def _forward(
    layer: nn.Module,
    positions: Tensor,
    hidden: Tensor,
    attention_mask: Tensor,
    position_embeddings: tuple[Tensor, Tensor],
    **others: Any,
) -> Tensor:
    """What `LlamaDecoderLayer.forward` does, for the queries at some positions (b, n, hidden_size)."""
    count, length = hidden.shape[:2]
    rows = positions + length * torch.arange(count, device=positions.device)[:, None]  # (b, n) of b * s
    attention, normed = layer.self_attn, layer.input_layernorm(hidden)
    cosine, sine = position_embeddings  # (b, s, head size)
    key, value = (_heads(part(normed), attention.head_dim) for part in (attention.k_proj, attention.v_proj))
    query = _heads(attention.q_proj(_at(normed, rows)), attention.head_dim)  # (b, heads, n, head size)
    found, _ = sdpa_attention_forward(
        attention,
        _rotated(query, _at(cosine, rows), _at(sine, rows)),
        _rotated(key, cosine, sine),
        value,
        _at(attention_mask[:, 0], rows)[:, None],
        scaling=attention.scaling,
    )  # (b, n, heads, head size)
    behind = _at(hidden, rows) + attention.o_proj(found.flatten(2))
    shown: Tensor = behind + layer.mlp(layer.post_attention_layernorm(behind))
    return shown


def _at(values: Tensor, rows: Tensor) -> Tensor:
    """The values (b, s, ...) at rows (b, n) of b * s: (b, n, ...)."""
    return values.flatten(0, 1)[rows]


def _heads(values: Tensor, size: int) -> Tensor:
    """(b, s, heads * size) to (b, heads, s, size)."""
    return values.unflatten(2, (-1, size)).transpose(1, 2)


def _rotated(values: Tensor, cosine: Tensor, sine: Tensor) -> Tensor:
    """Queries or keys (b, heads, s, size), rotated by their positions, whose angles are (b, s, size)."""
    turned: Tensor = values * cosine[:, None] + rotate_half(values) * sine[:, None]
    return turned
