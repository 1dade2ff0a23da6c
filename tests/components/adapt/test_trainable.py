"""The trainable set: set by part, asserted by name."""

import pytest
import torch
from torch import nn

from inkling.components.adapt.trainable import (
    TrainableError,
    assert_trainable,
    frozen_digest,
    parts_of,
    set_trainable,
    trainable,
)
from inkling.components.shared.config import ConfigError


@pytest.fixture
def model() -> nn.Module:
    """Something with the parts of a multimodal model, one of them without parameters."""
    model = nn.Module()
    model.connector, model.language = nn.Linear(2, 2), nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2, affine=False))
    model.fusion = nn.Identity()
    return model


def test_the_parts_are_those_of_the_model_that_have_parameters(model: nn.Module) -> None:
    assert parts_of(model) == ["connector", "language"]
    model.fusion = nn.Linear(2, 2)
    assert parts_of(model) == ["connector", "language", "fusion"]


def test_exactly_the_named_parts_train(model: nn.Module) -> None:
    assert set_trainable(model, ["connector"]) == ["connector.weight", "connector.bias"]
    assert_trainable(model, ["connector"])
    assert set_trainable(model, ["language"]) == trainable(model) == ["language.0.weight", "language.0.bias"]


@pytest.mark.parametrize("part", ["encoder", "fusion"])
def test_a_part_that_has_nothing_to_train_is_refused_naming_the_valid_ones(model: nn.Module, part: str) -> None:
    with pytest.raises(ConfigError, match=f"unknown part '{part}'. Valid: connector, language"):
        set_trainable(model, [part])


def test_a_parameter_that_trains_beside_the_parts_is_named(model: nn.Module) -> None:
    set_trainable(model, ["connector"])
    model.language[0].bias.requires_grad_(True)
    with pytest.raises(TrainableError, match=r"also trains: \['language.0.bias'\]"):
        assert_trainable(model, ["connector"])


def test_a_parameter_that_does_not_train_is_named(model: nn.Module) -> None:
    set_trainable(model, ["connector"])
    model.connector.weight.requires_grad_(False)
    with pytest.raises(TrainableError, match=r"does not train: \['connector.weight'\]"):
        assert_trainable(model, ["connector"])


def test_parts_are_put_to_evaluation_and_the_digest_of_the_frozen_shows_changes(model: nn.Module) -> None:
    set_trainable(model, ["connector"])
    assert not model.language.training
    before = frozen_digest(model)
    with torch.no_grad():
        model.connector.weight.add_(1)
        assert frozen_digest(model) == before
        model.language[1].running_mean.add_(1)
        assert frozen_digest(model) != before


def test_a_module_within_a_part_trains_alone_and_its_buffers_may_move(model: nn.Module) -> None:
    model.heads = nn.ModuleDict({"one": nn.BatchNorm1d(2), "other": nn.Linear(2, 2)})
    assert set_trainable(model, ["heads.one"]) == ["heads.one.weight", "heads.one.bias"]
    assert_trainable(model, ["heads.one"])
    before = frozen_digest(model, ["heads.one"])
    model.heads["one"].running_mean.add_(1)
    assert frozen_digest(model, ["heads.one"]) == before
    assert frozen_digest(model) != before
    with torch.no_grad():
        model.heads["other"].weight.add_(1)
    assert frozen_digest(model, ["heads.one"]) != before
