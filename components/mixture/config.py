"""Settings of the mixture stage."""

from pathlib import Path
from typing import Annotated, Any, ClassVar

from pydantic import Field, field_validator

from inkling.components.mixture.recipe_types import LabelRecipe, PathRecipe, Recipe, recipe_names
from inkling.components.mixture.recipes import shares
from inkling.components.shared.config import Day, ExecutionOnly, StageConfig
from inkling.components.shared.store.manifest import sha256


class MixtureConfig(StageConfig):
    """Which text in which shares, in how many kinds of token."""

    stage: ClassVar[str] = "mixture"

    recipe: Recipe = Field(
        "mix6",
        description="name in recipes.yaml or of a source, own shares by source, shares by label, or a path between two",
    )
    tokenizer: Path | None = Field(None, description="a tokenizer.json to use; without one a tokenizer is trained")
    vocabulary: int = Field(
        4_096, ge=300, le=262_144, description="entries of a trained tokenizer, special tokens included"
    )
    tokenizer_words: int = Field(1_000_000, ge=1_000, description="words that a tokenizer is trained on, at most")
    token_budget: int = Field(1_000_000, ge=1, description="training tokens for which repetitions are stated")
    repetition_limit: float = Field(
        40.0,
        gt=0,
        description="epochs of any text within the budget, at most; by 40 epochs repeated text has lost its worth "
        "(Muennighoff et al. 2023, Scaling Data-Constrained Language Models)",
    )

    as_of: Day | None = Field(
        None,
        description="day on which a recipe by labels looks at them, so that later ones change nothing; null: latest",
    )
    workers: Annotated[int, ExecutionOnly()] = Field(1, ge=1, description="processes that tokenize")
    parts: Annotated[int, ExecutionOnly()] = Field(
        1, ge=1, le=256, description="tasks of the pipeline that share the tokenizing; pods, on a cluster"
    )

    @field_validator("tokenizer")
    @classmethod
    def _usable(cls, tokenizer: Path | None) -> Path | None:
        if tokenizer:
            from inkling.components.mixture.tokenizer import read_tokenizer

            read_tokenizer(tokenizer)
        return tokenizer

    @field_validator("recipe")
    @classmethod
    def _feasible(cls, recipe: Recipe) -> Recipe:
        if not isinstance(recipe, LabelRecipe | PathRecipe):
            shares(recipe)
        return recipe

    def places(self) -> dict[str, list[str]]:
        """A tokenizer of one's own."""
        return {"tokenizer": [str(self.tokenizer)] if self.tokenizer else []}

    def contents(self) -> dict[str, Any]:
        """A named recipe counts by its shares too, a given tokenizer by its content, wherever it lies."""
        return {
            "shares": {name: shares(name) for name in sorted(recipe_names(self.recipe))},
            "tokenizer": self.tokenizer and sha256(self.tokenizer),
        }
