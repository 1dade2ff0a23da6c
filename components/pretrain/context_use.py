"""How a language model uses its context: what it saves on text that it has just read, and how far its heads look back.

A model that sees must look back to the image. Whether reading taught that shows before any image is shown: a model with
induction heads (Olsson et al. 2022, In-context Learning and Induction Heads) predicts the second copy of a passage from
the first.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from inkling.components.artifacts.indexed import IndexedDataset
from inkling.components.pretrain.perplexity import clustered_mean, heldout_windows
from inkling.components.shared.runtime.progress import note
from inkling.models.sequence.special_tokens import SPECIAL_TOKENS

COPIED = 60
"""Tokens of a copy, at most half the context."""
SEQUENCES = 64
"""Sequences that copy gain is measured on."""
_WINDOWS, _QUERIES = 16, 32
"""Windows that attention is measured on, and how many of their last positions look back."""


def context_use(network: torch.nn.Module, shards: Mapping[str, IndexedDataset], context: int) -> dict[str, Any]:
    """Measures a network, in evaluation mode.

    Args:
        network: A Hugging Face causal language model.
        shards: Held-out text by source.
        context: Tokens that it reads at once.

    Returns:
        `copy_gain` of `random` tokens and of held-out `text`, each with `value`, `low` and `high` (95 % interval over
        sequences, nats per token), `sequences` and `gains`, that of each; and `attention`: `length` of the windows,
        `uniform`, the distance of a head that looks everywhere alike, and `layers`, the mean distance in tokens of each
        head of each layer.
    """
    vocabulary = int(network.get_input_embeddings().num_embeddings)
    length = min(COPIED, context // 2)
    random = np.random.default_rng(0).integers(len(SPECIAL_TOKENS), vocabulary, (SEQUENCES, length))
    text = _windows(shards, length, SEQUENCES)
    read = _windows(shards, min(context, 2 * COPIED), _WINDOWS)
    found = {
        "copy_gain": {"random": copy_gain(network, random), "text": copy_gain(network, text)},
        "attention": attention_distance(network, read),
    }
    gains = found["copy_gain"]
    note(
        f"copy gain: {gains['random']['value']:.2f} nats per token of random tokens, {gains['text']['value']:.2f} of "
        "held-out text; 0 is a model that does not look back"
    )
    return found


@torch.inference_mode()
def copy_gain(network: torch.nn.Module, passages: NDArray[np.int64]) -> dict[str, Any]:
    """Nats per token that a network saves on the second copy of passages that follow themselves at once.

    Args:
        network: The language model, in evaluation mode.
        passages: Token ids (sequences, length).

    Returns:
        `value`, `low` and `high` (95 % interval over sequences), `sequences`, and `gains`, that of each.
    """
    length = passages.shape[1]
    ids = torch.from_numpy(np.tile(passages, 2)).to(next(network.parameters()).device)  # (sequences, 2 length)
    logits = network(input_ids=ids[:, :-1], use_cache=False).logits.float()
    costs = torch.nn.functional.cross_entropy(logits.flatten(0, 1), ids[:, 1:].flatten(), reduction="none")
    costs = costs.view(len(ids), -1).double().cpu().numpy()  # (sequences, 2 length - 1), from the second token on
    gains = costs[:, : length - 1] - costs[:, length:]  # (sequences, length - 1): the same token in either copy
    members = np.repeat(np.arange(len(gains)), gains.shape[1])
    mean, half = clustered_mean(gains.flatten(), members)
    low, high = (None, None) if half is None else (mean - half, mean + half)
    return {"value": mean, "low": low, "high": high, "sequences": len(gains), "gains": gains.mean(1).tolist()}


@torch.inference_mode()
def attention_distance(network: torch.nn.Module, windows: NDArray[np.int64]) -> dict[str, Any]:
    """How many tokens back the heads of a network look, on average over the last positions of windows of text.

    Args:
        network: The language model, in evaluation mode.
        windows: Token ids (windows, length).

    Returns:
        `length`, `uniform` and `layers`, as in `context_use`.
    """
    before = network.config._attn_implementation
    network.set_attn_implementation("eager")
    try:
        ids = torch.from_numpy(windows).to(next(network.parameters()).device)
        weights = network(input_ids=ids, use_cache=False, output_attentions=True).attentions
    finally:
        network.set_attn_implementation(before)
    length = windows.shape[1]
    places = torch.arange(length, device=ids.device)
    back = (places[:, None] - places[None, :]).clamp_min(0).float()  # (length, length): tokens from query back to key
    queries = slice(max(length - _QUERIES, 0), length)
    layers = [(layer.float() * back).sum(-1)[..., queries].mean((0, 2)).tolist() for layer in weights]
    return {"length": length, "uniform": float(places[queries].float().mean() / 2), "layers": layers}


def _windows(shards: Mapping[str, IndexedDataset], length: int, count: int) -> NDArray[np.int64]:
    """Windows of held-out text, evenly from all sources (at most `count`, length)."""
    share = -(-count // len(shards))
    found = [heldout_windows(shard, length, share).inputs for shard in shards.values()]
    return np.concatenate(found)[:count]
