"""Recipes of adaptation: stages, each with its data, objectives and trained parts."""

from functools import cache
from pathlib import Path
from typing import Literal, Self

from pydantic import Field, model_validator

from inkling.components.shared.config import Section, read_mapping, unknown

PARTS = ("connector", "language")
"""What a stage may train; the vision encoder is always frozen, its features are computed beforehand."""

OBJECTIVES = ("match_words", "next_token")
"""What a stage may be trained for; `objectives.py` says what they are."""

_CHOICES = Path(__file__).with_name("recipes.yaml")


class StageRecipe(Section):
    """One stage of an adaptation."""

    name: str = Field(description="unique in its recipe")
    data: tuple[Literal["caption", "instruct"], ...] = Field(min_length=1, description="kinds of turns to train on")
    objectives: dict[str, float] = Field(min_length=1, description="weight of each objective")
    train: tuple[str, ...] = Field(min_length=1, description="parts that train; all else is frozen")
    epochs: float = Field(ge=0, description="passes over the images")
    batch: int = Field(ge=1, description="images of an optimiser step, each with all its turns")
    learning_rate: float = Field(gt=0, description="highest learning rate; cosine decay to a hundredth")
    warmup: float = Field(
        0.06, ge=0, lt=1, description="part of the steps over which it rises (paper, section 2: 0.06)"
    )
    weight_decay: float = Field(0.0, ge=0, description="decay of matrices (the paper's adaptation follows Cambrian: 0)")
    blind: float = Field(
        0.0, ge=0, lt=1, description="part of the batches without the image, so that blind is no surprise"
    )

    @model_validator(mode="after")
    def _known(self) -> Self:
        for part in self.train:
            if part not in PARTS:
                raise unknown("part", part, PARTS)
        for objective in self.objectives:
            if objective not in OBJECTIVES:
                raise unknown("objective", objective, OBJECTIVES)
        if self.blind and "next_token" not in self.objectives:
            raise ValueError("a blind batch has only text to predict: it needs the objective 'next_token'")
        return self


class Recipe(Section):
    """A whole adaptation."""

    about: str = Field(description="what it does, in a line")
    departures: tuple[str, ...] = Field((), description="where and why it leaves the paper's recipe")
    stages: tuple[StageRecipe, ...] = Field(min_length=1, description="in the order of training")

    @model_validator(mode="after")
    def _distinct(self) -> Self:
        names = [stage.name for stage in self.stages]
        if len(set(names)) < len(names):
            raise ValueError(f"two stages have one name: {', '.join(names)}")
        return self


@cache
def recipes() -> dict[str, Recipe]:
    """The recipes by name."""
    return {name: Recipe.model_validate(content) for name, content in read_mapping(_CHOICES.read_text()).items()}


def find_recipe(name: str) -> Recipe:
    """The recipe of a name.

    Raises:
        ConfigError: If there is none; the message names those that there are.
    """
    if name not in recipes():
        raise unknown("recipe of adaptation", name, recipes())
    return recipes()[name]
