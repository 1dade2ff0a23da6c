"""Modulated norms: shut at the start, both deltas act, each text token has its own, and the formula holds."""

from collections.abc import Callable

import pytest
import torch
from torch.nn import functional

from inkling.models.fusion import FUSIONS
from inkling.models.fusion.lavi import ModulatedNorms, Modulation
from inkling.models.language.presets import load_preset
from inkling.models.multimodal import MultimodalModel
from inkling.models.sequence.packing import PackedBatch

Packed = Callable[[MultimodalModel], PackedBatch]


@pytest.fixture
def opened(model_of: Callable[..., MultimodalModel]) -> MultimodalModel:
    model = model_of("lavi")
    assert isinstance(model.fusion, ModulatedNorms)
    for modulation in model.fusion.modulations:
        torch.nn.init.normal_(modulation.deltas.weight, std=0.3)
    return model


def test_at_the_start_an_image_changes_no_bit(model_of, grid, packed: Packed) -> None:
    model = model_of("lavi")
    assert model.image_positions == 0
    assert torch.equal(model({"grid": grid}, packed(model)), model(None, packed(model)))


@pytest.mark.parametrize("half", [slice(0, 64), slice(64, 128)], ids=["gamma", "beta"])
def test_without_either_delta_the_answers_are_others(opened, grid, packed: Packed, half: slice) -> None:
    before = opened({"grid": grid}, packed(opened))
    for modulation in opened.fusion.modulations:
        modulation.deltas.weight.data[half] = 0
    after = opened({"grid": grid}, packed(opened))
    assert not torch.allclose(before, after, atol=1e-2)
    assert not torch.allclose(after, opened(None, packed(opened)), atol=1e-2), "the other delta is left"


def test_a_norm_is_modulated_as_the_formula_says() -> None:
    torch.manual_seed(0)
    modulation = Modulation(hidden_size=4, heads=1)
    torch.nn.init.normal_(modulation.deltas.weight)
    hidden, image, gamma = torch.randn(1, 3, 4), torch.randn(1, 5, 4), torch.randn(4)
    normed = hidden / (hidden.square().mean(-1, keepdim=True) + 1e-6).sqrt()
    seen = functional.rms_norm(image, (4,))
    weights = (modulation.query(normed) @ modulation.key(seen).transpose(1, 2) / 2).softmax(
        -1
    )  # the root of 4 channels
    deltas = modulation.deltas(weights @ modulation.value(seen))  # (1, 3, 8)
    expected = (gamma + deltas[..., :4]) * normed + deltas[..., 4:]
    found = modulation(hidden, gamma * normed, *modulation.remember(image))
    assert torch.allclose(found, expected, atol=1e-5)
    assert deltas.std(1).min() > 0, "each token has deltas of its own"


def test_it_modulates_both_norms_of_the_layers_that_it_states() -> None:
    fusion = FUSIONS.read({"type": "lavi", "every": 2}).build(load_preset("tiny"))
    assert list(fusion.remember(torch.zeros(1, 4, 64)))[::2] == [
        f"layers.{layer}.{norm}.key" for layer in (1, 3) for norm in ("input_layernorm", "post_attention_layernorm")
    ]


@pytest.mark.parametrize(
    ("settings", "words"), [({"every": 5}, "every 5 layers, but .* has 4"), ({"heads": 3}, "do not divide .* 64")]
)
def test_a_language_model_that_it_does_not_fit_is_refused(settings: dict[str, int], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        FUSIONS.read({"type": "lavi", **settings}).build(load_preset("tiny"))
