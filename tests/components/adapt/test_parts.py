"""The trainable set: set by part, asserted by name."""

import pytest
import torch
from torch import nn

from inkling.components.adapt.parts import TrainableError, assert_trainable, frozen_digest, set_trainable, trainable
from inkling.components.shared.config import ConfigError


@pytest.fixture
def model() -> nn.Module:
    """Something with the parts of a multimodal model."""
    model = nn.Module()
    model.connector, model.language, model.encoder = nn.Linear(2, 2), nn.Linear(2, 2), nn.BatchNorm1d(2)
    return model


def test_exactly_the_named_parts_train(model: nn.Module) -> None:
    assert set_trainable(model, ["connector"]) == ["connector.weight", "connector.bias"]
    assert_trainable(model, ["connector"])
    assert set_trainable(model, ["language"]) == trainable(model) == ["language.weight", "language.bias"]


def test_a_wrong_part_is_refused_naming_the_valid_ones(model: nn.Module) -> None:
    with pytest.raises(ConfigError, match="unknown part 'encoder'. Valid: connector, language"):
        set_trainable(model, ["encoder"])


def test_a_parameter_that_trains_beside_the_parts_is_named(model: nn.Module) -> None:
    set_trainable(model, ["connector"])
    model.language.bias.requires_grad_(True)
    with pytest.raises(TrainableError, match=r"also trains: \['language.bias'\]"):
        assert_trainable(model, ["connector"])


def test_a_parameter_that_does_not_train_is_named(model: nn.Module) -> None:
    set_trainable(model, ["connector"])
    model.connector.weight.requires_grad_(False)
    with pytest.raises(TrainableError, match=r"does not train: \['connector.weight'\]"):
        assert_trainable(model, ["connector"])


def test_a_part_without_parameters_is_named(model: nn.Module) -> None:
    model.connector = nn.Identity()
    set_trainable(model, ["connector", "language"])
    with pytest.raises(TrainableError, match=r"parts without parameters: \['connector'\]"):
        assert_trainable(model, ["connector", "language"])


def test_frozen_parts_are_put_to_evaluation_and_their_digest_tells_changes(model: nn.Module) -> None:
    set_trainable(model, ["connector"])
    assert not model.encoder.training
    before = frozen_digest(model)
    with torch.no_grad():
        model.connector.weight.add_(1)
        assert frozen_digest(model) == before
        model.encoder.running_mean.add_(1)
        assert frozen_digest(model) != before
