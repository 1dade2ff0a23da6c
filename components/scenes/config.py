"""Settings of the scenes stage."""

from typing import Any, ClassVar

from pydantic import Field

from inkling.components.scenes.catalogue import packages
from inkling.components.scenes.phrasings import MOST
from inkling.components.shared.config import StageConfig
from inkling.components.shared.storage.packages import contents

TRANSFER_SHARE = 2.5
"""Held-out phrasings, compositions and facts, each for one scene of a family of the headline suite."""


class ScenesConfig(StageConfig):
    """How many scenes are rendered for each split."""

    stage: ClassVar[str] = "scenes"

    seed: int = Field(0, ge=0, description="Seed of everything left to chance in a scene.")
    threads: int = Field(1, ge=1, description="Processes that render; the pictures do not depend on it.")
    train: int = Field(3400, ge=11, description="Scenes to learn from, over all families.")
    validation: int = Field(30, ge=2, description="Scenes of each family to choose settings on.")
    test: int = Field(90, ge=2, description="Scenes of each family that are only reported.")
    phrasings: int = Field(MOST, ge=1, le=MOST, description="From how many phrasings each instruction is drawn.")
    twins: float = Field(
        0.0,
        ge=0,
        le=1,
        exclude_if=lambda share: share == 0,
        description="Share of the scenes with something to change that have a twin.",
    )
    text_only: float = Field(
        0.0,
        ge=0,
        le=0.9,
        exclude_if=lambda share: share == 0,
        description="Share of the instructions that are text alone: a caption in place of the picture (LSBS: 0.43).",
    )

    def contents(self) -> dict[str, Any]:
        """The packages that scenes draw from."""
        return {"packages": contents(packages())}
