"""Spatial forcing: the geometry of a cell by hand, a planted relation that is learned, and layers that are refused."""

import dataclasses
import math

import numpy as np
import pytest
import torch

from inkling.components.adapt.data import Lesson
from inkling.components.adapt.objectives import OBJECTIVES
from inkling.components.adapt.objectives.spatial_forcing import FEATURES, geometry
from inkling.components.adapt.regions import Region
from inkling.components.artifacts.annotations import AnnotatedObject
from inkling.components.shared.config import ConfigError


def region(depth: int, area: float, shares: list[float]) -> Region:
    return Region(AnnotatedObject("shape", "square", "red", "", (0, 0, 1, 1), area, depth=depth), torch.tensor(shares))


def test_a_cell_tells_of_the_thing_that_covers_most_of_it() -> None:
    far, near = region(0, 0.25, [0.75, 0.25, 0.0, 0.0]), region(3, 0.09, [0.1, 0.5, 0.0, 0.0])
    found = geometry([far, near], 2)
    assert found.shape == (4, FEATURES)
    assert found[0, :3].tolist() == pytest.approx([0.5, 0.75, 0.5])
    assert found[1, :3].tolist() == pytest.approx([1.0, 0.5, 0.3])
    assert found[2:, :5].abs().sum() == 0, "cells that nothing covers are background"
    middle = 0.25 + 0.5 * 0.25  # of the far thing: three quarters in the left cell, one in the right
    assert found[0, 3:5].tolist() == pytest.approx([middle - 0.25, 0.0])


def test_rows_and_columns_are_not_exchanged() -> None:
    found = geometry([region(0, 0.25, [0.0, 1.0, 0.0, 0.0])], 2)  # the cell at the top right
    waves = [math.pi / 4, 3 * math.pi / 4, math.pi / 2, 3 * math.pi / 2]
    assert found[1, 5:9].tolist() == pytest.approx([math.sin(one) for one in waves], abs=1e-6)
    assert found[1, 9:].tolist() == pytest.approx([math.cos(one) for one in waves], abs=1e-6)
    lower = geometry([region(0, 0.25, [0.0, 0.25, 0.0, 0.75])], 2)
    assert lower[1, 3] == 0
    assert lower[1, 4] == pytest.approx(0.375), "its middle lies below the cell at the top right"


def test_a_planted_relation_is_learned(ready) -> None:
    forcing = ready("spatial_forcing", batch=12)
    losses = forcing.learn(60, 1e-2)
    assert np.mean(losses[-4:]) < 0.01 < 0.5 < losses[0], "cosines above 0.99"


def test_a_layer_that_there_is_not_and_images_without_positions_are_refused(ready, lesson: Lesson, monkeypatch) -> None:
    with pytest.raises(ConfigError, match="spatial_forcing is to read layer 2, but the language model has 1"):
        ready("spatial_forcing", layer=2)
    forcing = ready("spatial_forcing")
    monkeypatch.setattr(type(forcing.model), "image_positions", 0)
    with pytest.raises(ConfigError, match=r"spatial_forcing reads .* at the image's positions, but fusion 'prefix'"):
        forcing.objective.head(forcing.model, lesson)
    with pytest.raises(ValueError, match="spatial_forcing needs to know what lies where"):
        OBJECTIVES.read("spatial_forcing").build().fields(dataclasses.replace(lesson, shown=dict))
