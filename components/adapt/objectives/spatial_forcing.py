"""Spatial forcing on stills: the language model's states of an image are to tell where things are, and how far.

Li et al., 2025, arXiv 2510.12276 (OpenHelix-Team's code was read). The states at the image's positions after a middle
layer go through a projector of two layers, and their cosines with the features that a frozen 3D model has of the same
patches are raised; projector and teacher are dropped when the model is used. Ours: no 3D model. The teacher is what the
scenes know of each cell: how far in front its things lie, how much of it they cover, how large they are, how far their
middle is, and where the cell lies.

System: Spatial Forcing
Paper: arXiv 2510.12276
Not reproduced: VGGT as the teacher; robots, actions and their success; depth in metres (an order from back to front).
"""

from typing import ClassVar, Literal

from pydantic import Field

from inkling.models.passes import Pass
from inkling.models.spec import ObjectiveSpec


class SpatialForcingSpec(ObjectiveSpec):
    """Cosine distance between states of the image's positions and the geometry of the cells."""

    type: Literal["spatial_forcing"] = "spatial_forcing"
    target: ClassVar[str] = "inkling.components.adapt.objectives.spatial_forcing:SpatialForcing"
    divisible: ClassVar[bool] = True
    needs: ClassVar[frozenset[str]] = frozenset({"geometry"})
    reads_states: ClassVar[bool] = True

    layer: int | None = Field(None, ge=1, description="layer whose states are read; the middle one if not given")

    @property
    def passes(self) -> tuple[Pass, ...]:
        """Its own over the turns, which gives the states at image positions."""
        return (Pass("turns"),)


import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from inkling.components.adapt.batches import Fields, features, image_mean, packed
from inkling.components.adapt.data import Lesson
from inkling.components.adapt.objectives.contract import Objective, head_of
from inkling.components.adapt.regions import Region, check_regions, regions
from inkling.components.adapt.states import image_states, layer_states, read_layer
from inkling.models.multimodal import MultimodalModel
from inkling.models.regions import side_of
from inkling.models.training.batches import Batch

FEATURES = 13
"""Numbers of a cell: depth, cover, size, the way to the middle in two, and eight of where it lies."""


class SpatialForcing(Objective):
    """The mean over images of the mean over their cells."""

    reaches_language: ClassVar[bool] = True

    def __init__(self, spec: SpatialForcingSpec) -> None:
        """Takes the settings."""
        self._spec = spec

    def fields(self, lesson: Lesson) -> Fields:
        """None before the image tokens are known.

        Raises:
            ValueError: If no image is annotated.
        """
        lesson.annotations("spatial_forcing")
        return Fields()

    def head(self, model: MultimodalModel, lesson: Lesson) -> nn.Module:
        """The projector.

        Raises:
            ConfigError: If there are no states to read.
            ValueError: If no thing has a mask, or the image tokens are no square grid.
        """
        check_regions(model, lesson, "spatial_forcing")
        self._layer = read_layer(model, self._spec.layer, "spatial_forcing")
        size = int(model.language.config.hidden_size)
        return nn.Sequential(nn.LayerNorm(size), nn.Linear(size, size), nn.GELU(), nn.Linear(size, FEATURES))

    def prepare(self, model: MultimodalModel, lesson: Lesson) -> Fields:
        """`geometry`: what the projector is to find in each cell (images, image_tokens, FEATURES).

        Raises:
            ValueError: If no thing has a mask.
        """
        side = side_of(model.connector.image_tokens)
        shown = regions(model, lesson, "spatial_forcing")
        seen = torch.stack([geometry(several, side) for several in shown])
        return Fields(images={"geometry": seen}, counts={"geometry": torch.full((len(shown),), side**2)})

    def loss(self, model: MultimodalModel, batch: Batch) -> Tensor:
        """The mean of 1 less the cosine; zero for a batch without images."""
        views = features(batch)
        if views is None:
            return torch.zeros(())
        states = image_states(layer_states(model, views, packed(batch), self._layer), model)
        found = head_of(model, "spatial_forcing")(states)  # (batch, image_tokens, FEATURES)
        return image_mean(1 - functional.cosine_similarity(found, batch["geometry"], dim=-1), batch, "geometry")


def geometry(shown: Sequence[Region], side: int) -> Tensor:
    """What a scene says of each cell of its grid (side x side, FEATURES), numbers about between -1 and 1.

    Of the things in a cell the one that covers most of it counts: how far in front it lies, from 0 (the background) to
    1 (the nearest thing); the part of the cell that it covers; the root of its share of the picture; and the way from
    the cell to its middle, to the right and down, in sides of the picture. Then sines and cosines of where the cell
    lies, two frequencies each.
    """
    ways = (torch.arange(side) + 0.5) / side
    down, across = torch.meshgrid(ways, ways, indexing="ij")
    places = torch.stack([down.flatten(), across.flatten()], dim=1)  # (cells, 2)
    things = torch.zeros(side * side, 5)
    covered = torch.zeros(side * side)
    order = sorted({one.thing.depth for one in shown})
    for one in shown:
        middle = (one.shares[:, None] * places).sum(0) / one.shares.sum()  # (2,)
        way = middle - places  # (cells, 2)
        ahead = torch.full((side * side,), (order.index(one.thing.depth) + 1) / len(order))
        size = torch.full((side * side,), math.sqrt(one.thing.area))
        told = torch.stack([ahead, one.shares, size, way[:, 1], way[:, 0]], dim=1)
        nearer = one.shares > covered
        things[nearer], covered[nearer] = told[nearer], one.shares[nearer]
    waves = torch.cat([places * math.pi, places * 2 * math.pi], dim=1)  # (cells, 4)
    return torch.cat([things, waves.sin(), waves.cos()], dim=1)
