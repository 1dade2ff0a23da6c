"""What a vision encoder is trained for where it is trained here, from scratch: one file an objective."""

import importlib
from abc import ABC
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import Field

from inkling.models.spec import Registry, Spec

if TYPE_CHECKING:
    from inkling.models.learnt import Learnt
    from inkling.models.training.job import MeterFactory
    from inkling.models.vision.preprocess import Preprocessing

_LEARNING = "inkling.models.vision.objectives.learning"


class VisionObjectiveSpec(Spec, ABC):
    """Which objective, how long and how fast; whoever runs the trained encoder runs none of its code."""

    runs_in_model: ClassVar[bool] = False

    steps: int = Field(500, ge=0, description="optimiser steps; 0 leaves the weights random")
    batch: int = Field(64, ge=2, description="pictures of a step")
    learning_rate: float = Field(1e-3, gt=0, description="highest learning rate of AdamW")
    weight_decay: float = Field(0.05, ge=0, description="of matrices")
    warmup: float = Field(0.1, ge=0, lt=1, description="part of the steps in which the learning rate rises")

    def modules(self) -> tuple[str, ...]:
        """The objective's own, and what trains with it."""
        return (*super().modules(), _LEARNING)

    def train(
        self,
        encoder: Any,
        how: "Preprocessing",
        pictures: Sequence[bytes],
        captions: Sequence[str],
        work: Path,
        seed: int,
        progress: "MeterFactory",
    ) -> "Learnt":
        """Trains an encoder's vision transformer in place; the arguments are those of `learning.learn`."""
        training = importlib.import_module(_LEARNING)
        learnt: Learnt = training.learn(self, encoder, how, pictures, captions, work, seed, progress)
        return learnt


VISION_OBJECTIVES = Registry("vision objective", __name__, VisionObjectiveSpec)
