"""Comp-LoRA: protected directions are found, are kept by any change, and stay those of the start."""

import pytest
import torch

from inkling.components.adapt.adapters import ADAPTERS
from inkling.components.adapt.adapters.comp_lora import ComplementaryUpdate, leading_directions
from inkling.components.adapt.adapters.contract import LowRankUpdate
from inkling.models.language.presets import load_preset


@pytest.fixture
def planted() -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """A matrix (6, 10) with two strong directions, whose outputs (6, 2) and inputs (10, 2) are given, and weak ones."""
    torch.manual_seed(0)
    left, right = torch.linalg.qr(torch.randn(6, 6))[0], torch.linalg.qr(torch.randn(10, 6))[0]
    values = torch.tensor([5.0, 4.0, 0.3, 0.3, 0.3, 0.3])
    return left * values @ right.T, left[:, :2], right[:, :2]


def update_of(weight: torch.Tensor, protect: float = 0.9) -> ComplementaryUpdate:
    torch.manual_seed(1)
    update = ComplementaryUpdate(weight, rank=2, alpha=4.0, protect=protect)
    torch.nn.init.normal_(update.b)
    return update


def test_the_planted_directions_are_found(planted) -> None:
    weight, outputs, inputs = planted
    for found, true in zip(leading_directions(weight, 0.9), (outputs, inputs), strict=True):
        assert found.shape == true.shape
        assert torch.allclose(found @ found.T, true @ true.T, atol=1e-5)


def test_as_few_directions_are_protected_as_hold_the_part(planted) -> None:
    squares = torch.tensor([25.0, 16.0, 0.09, 0.09, 0.09, 0.09])
    for protect in (0.0, 0.5, 0.59, 0.9, 0.992, 0.9999):
        expected = next(k for k in range(7) if squares[:k].sum() >= protect * squares.sum())
        assert leading_directions(planted[0], protect)[0].shape[1] == expected


def test_whatever_the_factors_a_change_leaves_the_protected_directions_alone(planted) -> None:
    weight, outputs, inputs = planted
    change = update_of(weight).matrix()
    assert change.norm() > 1
    assert (change @ inputs).abs().max() < 1e-5
    assert (outputs.T @ change).abs().max() < 1e-5
    assert torch.allclose((weight + change) @ inputs, weight @ inputs, atol=1e-5)
    plain = LowRankUpdate(weight, rank=2, alpha=4.0)
    torch.nn.init.normal_(plain.b)
    assert (plain.matrix() @ inputs).abs().max() > 0.1, "LoRA moves them"


def test_with_nothing_protected_it_is_lora_to_the_bit(planted) -> None:
    update = update_of(planted[0], protect=0.0)
    plain = LowRankUpdate(planted[0], rank=2, alpha=4.0)
    plain.load_state_dict({"a": update.a.data, "b": update.b.data})
    x = torch.randn(1, 3, 10)
    assert torch.equal(update(x, x @ planted[0].T), plain(x, x @ planted[0].T))


def test_the_directions_are_those_of_the_start_whatever_becomes_of_the_matrix() -> None:
    language = load_preset("tiny").build(40, 0)
    adapter = ADAPTERS.read("comp_lora").build(language)
    before = [value.clone() for name, value in adapter.named_buffers()]
    for update in adapter.updates:
        torch.nn.init.normal_(update.b)
    adapter.merge(language)
    assert all(torch.equal(one, two) for one, two in zip(before, adapter.buffers(), strict=True))
    assert len(before) == 2 * len(adapter.updates)


def test_where_all_is_protected_nothing_could_change_and_it_is_refused() -> None:
    with pytest.raises(ValueError, match="to protect 0.99 of a matrix of 4 x 4 takes all of its directions"):
        update_of(torch.eye(4), protect=0.99)
