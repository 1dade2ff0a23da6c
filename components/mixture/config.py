"""Settings of the mixture stage."""

from typing import ClassVar

from pydantic import Field, field_validator

from inkling.components.config import Day, StageConfig
from inkling.components.mixture.recipe_types import LabelRecipe, PathRecipe, Recipe
from inkling.components.mixture.recipes import shares


class MixtureConfig(StageConfig):
    """Which text in which shares, in how many kinds of token."""

    stage: ClassVar[str] = "mixture"

    recipe: Recipe = Field(
        "mix6",
        description="name in recipes.yaml or of a source, own shares by source, shares by label, or a path between two",
    )
    vocabulary: int = Field(4_096, ge=300, le=262_144, description="entries of the tokenizer, special tokens included")
    tokenizer_words: int = Field(1_000_000, ge=1_000, description="words that the tokenizer is trained on, at most")
    token_budget: int = Field(1_000_000, ge=1, description="training tokens for which repetitions are stated")
    repetition_limit: float = Field(
        40.0,
        gt=0,
        description="times that any text may be read within the budget; by 40 epochs repeated text has lost its worth "
        "(Muennighoff et al. 2023, Scaling Data-Constrained Language Models)",
    )

    as_of: Day | None = Field(
        None,
        description="day on which a recipe by labels looks at them, so that later ones change nothing; or latest",
    )

    @field_validator("recipe")
    @classmethod
    def _feasible(cls, recipe: Recipe) -> Recipe:
        if not isinstance(recipe, LabelRecipe | PathRecipe):
            shares(recipe)
        return recipe
