"""Perceptual weights: shut at the start, of the stated rank, the same as merged weights, each row with its own."""

import copy
from collections.abc import Callable

import pytest
import torch

from inkling.models.fusion import FUSIONS
from inkling.models.fusion.vlora import PerceptualWeights, changed
from inkling.models.language.presets import load_preset
from inkling.models.multimodal import MultimodalModel
from inkling.models.sequence.packing import PackedBatch

Packed = Callable[[MultimodalModel], PackedBatch]


@pytest.fixture
def opened(model_of: Callable[..., MultimodalModel]) -> MultimodalModel:
    model = model_of("vlora")
    assert isinstance(model.fusion, PerceptualWeights)
    for expand in model.fusion.expand:
        torch.nn.init.normal_(expand, std=0.3)
    return model


def test_at_the_start_an_image_changes_no_bit(model_of, grid, packed: Packed) -> None:
    model = model_of("vlora")
    assert model.image_positions == 0
    assert torch.equal(model({"grid": grid}, packed(model)), model(None, packed(model)))


def test_the_change_of_a_matrix_has_the_stated_rank_and_the_right_orientation() -> None:
    torch.manual_seed(0)
    weight, a, b = torch.randn(6, 10), torch.randn(1, 10, 2), torch.randn(6, 2)
    units = torch.eye(10)[None]  # (1, 10, 10)
    effective = changed(units, units @ weight.T, a, b)[0].T  # (6, 10)
    assert torch.allclose(effective, weight + b @ a[0].T, atol=1e-6)
    assert torch.linalg.matrix_rank(effective - weight, tol=1e-4) == 2


def test_an_images_change_merged_into_the_weights_answers_the_same_row_by_row(opened, grid, packed: Packed) -> None:
    """The feed-forward part has no one matrix to merge into: there its output is changed by a product of the two."""
    batch, memory = packed(opened), opened.remember({"grid": grid})
    together = opened({"grid": grid}, batch)
    assert not torch.allclose(together, opened(None, batch), atol=1e-2)
    expand = dict(zip(memory, opened.fusion.expand, strict=True))
    for row in range(2):
        language = copy.deepcopy(opened.language)
        for name, a in memory.items():
            module, product = language.model.get_submodule(name), expand[name] @ a[row].T  # (out, hidden_size)
            if isinstance(module, torch.nn.Linear):
                module.weight.data += product
            else:
                module.register_forward_hook(lambda _, x, out, product=product: out + x[0] @ product.T)
        merged = MultimodalModel(language, opened.connector, FUSIONS.read("prefix").build(load_preset("tiny")))
        assert torch.allclose(
            merged.eval()(None, batch)[batch.sequences == row], together[batch.sequences == row], atol=1e-4
        )


def test_at_the_start_only_b_learns_and_then_the_generator_too(model_of, grid, packed: Packed) -> None:
    model = model_of("vlora")
    for generator_learns in (False, True):
        model.zero_grad()
        (-model.log_likelihoods({"grid": grid}, packed(model)).mean()).backward()
        assert all(expand.grad.abs().sum() > 0 for expand in model.fusion.expand)
        assert bool(model.fusion.make.weight.grad.abs().sum() > 0) is generator_learns
        with torch.no_grad():
            for expand in model.fusion.expand:
                expand -= expand.grad


def test_every_layer_is_changed_at_queries_values_and_the_feed_forward_part(model_of, grid) -> None:
    memory = model_of("vlora", rank=3).remember({"grid": grid})
    names = ("self_attn.q_proj", "self_attn.v_proj", "mlp")
    assert list(memory) == [f"layers.{layer}.{name}" for layer in range(4) for name in names]
    assert {tuple(a.shape) for a in memory.values()} == {(2, 64, 3)}
    assert all(not torch.equal(*a) for a in memory.values()), "each image has its own"


@pytest.mark.parametrize(
    ("settings", "words"), [({"width": 30}, "4 heads, which do not divide its width 30"), ({"rank": 64}, "rank 64")]
)
def test_settings_that_do_not_fit_are_refused(settings: dict[str, int], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        FUSIONS.read({"type": "vlora", **settings}).build(load_preset("tiny"))
