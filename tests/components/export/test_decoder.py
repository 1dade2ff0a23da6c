"""The decoder's graph gives transformers' logits, keys and values, past padding too, and names what it cannot hold."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from transformers import DynamicCache, LlamaConfig, LlamaForCausalLM

from inkling.components.export.decoder import decoder_graph

SMALL: dict[str, Any] = {
    "vocab_size": 40, "hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 2, "num_attention_heads": 4,
    "num_key_value_heads": 2, "max_position_embeddings": 64, "initializer_range": 0.3,
}  # fmt: skip


def llama(**changes: Any) -> LlamaForCausalLM:
    """A small network with random weights, its norms' included."""
    torch.manual_seed(0)
    language = LlamaForCausalLM(LlamaConfig(**SMALL | changes)).eval()
    for name, weight in language.named_parameters():
        if "norm" in name:
            torch.nn.init.normal_(weight.data, mean=1, std=0.3)
    return language


def run(language: LlamaForCausalLM, past: int, new: int) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """What the graph and transformers make of two sequences of random embeddings, one half padding."""
    config, random = language.config, torch.Generator().manual_seed(1)
    kinds = [(layer, part) for layer in range(config.num_hidden_layers) for part in ("key", "value")]
    cached = [torch.randn(2, config.num_key_value_heads, past, config.head_dim, generator=random) for _ in kinds]
    inputs = torch.randn(2, new, config.hidden_size, generator=random)
    mask = torch.ones(2, past + new, dtype=torch.int64)
    mask[1, past // 2 : past] = 0
    positions = mask.cumsum(1)[:, past:] - 1
    feeds = {"inputs_embeds": inputs, "attention_mask": mask, "position_ids": positions}
    feeds |= {f"past_key_values.{layer}.{part}": one for (layer, part), one in zip(kinds, cached, strict=True)}
    graph = decoder_graph(language)
    onnx.checker.check_model(graph, full_check=True)
    session = onnxruntime.InferenceSession(graph.SerializeToString(), providers=["CPUExecutionProvider"])
    found = session.run(None, {name: tensor.numpy() for name, tensor in feeds.items()})
    cache = DynamicCache()
    for layer, (key, value) in enumerate(zip(cached[::2], cached[1::2], strict=True)):
        cache.update(key, value, layer)
    with torch.inference_mode():
        output = language(
            inputs_embeds=inputs, attention_mask=mask, position_ids=positions, past_key_values=cache, use_cache=True
        )
    kept: Sequence[torch.Tensor] = [tensor for layer in cache.layers for tensor in (layer.keys, layer.values)]
    return found, [output.logits.numpy(), *(tensor.numpy() for tensor in kept)]


@pytest.mark.parametrize(("past", "new"), [(0, 5), (6, 1), (6, 3)])
@pytest.mark.parametrize(
    "changes",
    [{}, {"num_key_value_heads": 4}, {"num_key_value_heads": 1}, {"head_dim": 12}, {"tie_word_embeddings": True}],
    ids=["grouped", "one key a head", "one key", "odd head size", "tied"],
)
def test_logits_keys_and_values_are_those_of_transformers(changes: dict[str, Any], past: int, new: int) -> None:
    found, expected = run(llama(**changes), past, new)
    assert len(found) == len(expected) == 1 + 2 * SMALL["num_hidden_layers"]
    for ours, theirs in zip(found, expected, strict=True):
        np.testing.assert_allclose(ours, theirs, atol=1e-4)


def test_the_rotation_depends_on_its_base() -> None:
    changed = llama(rope_parameters={"rope_type": "default", "rope_theta": 20.0})
    found, expected = run(changed, 6, 3)
    np.testing.assert_allclose(found[0], expected[0], atol=1e-4)
    assert abs(found[0] - run(llama(), 6, 3)[0][0]).max() > 0.01


def test_operators_are_onnxs_own_and_few() -> None:
    graph = decoder_graph(llama()).graph
    assert {node.domain for node in graph.node} == {""}
    one = len(graph.node) - len(decoder_graph(llama(num_hidden_layers=1)).graph.node)
    assert one < 50
    assert sum(node.op_type == "MatMul" for node in graph.node) == 6 * SMALL["num_hidden_layers"] + 1


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"attention_bias": True}, r"has no model\.layers\.0\.self_attn\.k_proj\.bias, "),
        ({"mlp_bias": True}, r"has no model\.layers\.0\.mlp\.down_proj\.bias, "),
        ({"hidden_act": "gelu"}, "knows hidden_act 'silu', not 'gelu'"),
        ({"rope_parameters": {"rope_type": "linear", "factor": 2.0, "rope_theta": 1e4}}, "not 'linear'"),
    ],
)
def test_what_the_graph_cannot_hold_is_named(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        decoder_graph(llama(**changes))
