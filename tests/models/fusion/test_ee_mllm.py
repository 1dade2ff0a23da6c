"""Composite attention: with one image token it is the prefix; no image token sees another, and none sees the text."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from inkling.models.multimodal import MultimodalModel
from inkling.models.sequence.packing import PackedBatch

Packed = Callable[[MultimodalModel], PackedBatch]


def states(model: MultimodalModel, grid: Tensor, batch: PackedBatch) -> list[Tensor]:
    """The residual stream before and after each layer, each (batch, s, hidden_size)."""
    memory = model.remember({"grid": grid})
    output = model.language.model(
        inputs_embeds=model.embed(memory, batch.ids), attention_mask=model.fusion.mask(batch.mask, grid.shape[1]),
        position_ids=batch.positions, use_cache=False, output_hidden_states=True,
    )  # fmt: skip
    return list(output.hidden_states)


def test_with_one_image_token_it_is_the_prefix(model_of, packed: Packed) -> None:
    """But that the prefix's token sees `<|bos|>` before it: where that is masked too, they are the same to the bit."""
    prefix, composite = model_of("prefix", 1), model_of("ee_mllm", 1)
    shown = {"grid": torch.randn(2, 1, 6)}
    batch = packed(prefix)
    batch.mask[:, :, 1, 0] = False
    assert torch.equal(composite(shown, packed(composite)), prefix(shown, batch))
    assert not torch.equal(composite(shown, packed(composite)), prefix(shown, packed(prefix)))


def test_a_layer_gives_an_image_token_its_own_value_and_the_feed_forward_part(model_of, grid, packed: Packed) -> None:
    model = model_of("ee_mllm")
    before, after = states(model, grid, packed(model))[:2]
    layer, x = model.language.model.layers[0], before[:, 1:5]
    value = layer.self_attn.v_proj(layer.input_layernorm(x))  # (2, 4, key_value_size)
    groups = layer.self_attn.num_key_value_groups
    repeated = value.unflatten(2, (-1, layer.self_attn.head_dim)).repeat_interleave(groups, dim=2).flatten(2)
    x = x + layer.self_attn.o_proj(repeated)
    x = x + layer.mlp(layer.post_attention_layernorm(x))
    assert torch.allclose(after[:, 1:5], x, atol=1e-5)


def test_changing_one_image_token_changes_no_other_in_any_layer(model_of, grid, packed: Packed) -> None:
    for name, moved in (("ee_mllm", False), ("prefix", True)):
        model = model_of(name)
        other = grid.clone()
        other[:, 1] += 1
        for one, two in zip(*(states(model, shown, packed(model)) for shown in (grid, other)), strict=True):
            assert not torch.equal(one[:, 2], two[:, 2])
            assert torch.equal(one[:, [0, 1]], two[:, [0, 1]])
        assert torch.equal(one[:, 3:5], two[:, 3:5]) is not moved
        assert not torch.equal(one[:, 5:], two[:, 5:]), "the text sees every image token"


def test_image_tokens_do_not_see_the_text(model_of, grid, packed: Packed) -> None:
    model = model_of("ee_mllm")
    batch = packed(model)
    first = states(model, grid, batch)[-1]
    batch.ids[:, :] = 30
    assert torch.equal(first[:, 1:5], states(model, grid, batch)[-1][:, 1:5])


def test_a_model_that_was_trained_with_the_prefix_takes_it_without_training(model_of, grid, packed: Packed) -> None:
    """EE-MLLM-F: there is nothing to train, and the text alone is read as before."""
    trained = model_of("prefix")
    free = MultimodalModel(trained.language, trained.connector, model_of("ee_mllm").fusion).eval()
    assert not list(free.fusion.parameters())
    assert not torch.equal(free({"grid": grid}, packed(free)), trained({"grid": grid}, packed(trained)))
    assert free.image_positions == trained.image_positions == pytest.approx(4)
