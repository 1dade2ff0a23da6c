"""Settings of the compare stage."""

from typing import ClassVar

from pydantic import Field

from inkling.components.shared.config import StageConfig


class CompareConfig(StageConfig):
    """What is compared."""

    stage: ClassVar[str] = "compare"

    title: str = Field("Study", description="what the study is about")
    figure: str = Field("", description="the paper's figure or table that it stands for")


class PartConfig(CompareConfig):
    """Whose runs are scored before they are compared."""

    recipe: str = Field(description="name of the recipe within the study")
