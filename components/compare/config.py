"""Settings of the compare stage."""

from typing import ClassVar

from pydantic import Field

from inkling.components.config import Section, StageConfig


class RunLabel(Section):
    """What tells a run of a study from the others."""

    recipe: str = Field(description="name of the recipe within the study")
    size: str = Field(description="preset of the language model")
    seed: int = Field(ge=0, description="seed of reading and learning to see")


class CompareConfig(StageConfig):
    """What is compared."""

    stage: ClassVar[str] = "compare"

    title: str = Field("Study", description="what the study is about")
    figure: str = Field("", description="the paper's figure or table that it stands for")
    runs: tuple[RunLabel, ...] = Field((), description="a label for each set of answers, in their order")
