"""Settings of the mixture stage."""

from typing import ClassVar

from pydantic import Field, field_validator

from inkling.components.config import StageConfig
from inkling.components.mixture.recipes import shares


class MixtureConfig(StageConfig):
    """Which text in which shares, in how many kinds of token."""

    stage: ClassVar[str] = "mixture"

    recipe: str | dict[str, float] = Field(
        "mix6", description="name in recipes.yaml, or own shares by source that sum to 1"
    )
    vocabulary: int = Field(4_096, ge=300, le=262_144, description="entries of the tokenizer, special tokens included")
    tokenizer_words: int = Field(1_000_000, ge=1_000, description="words that the tokenizer is trained on, at most")
    token_budget: int = Field(1_000_000, ge=1, description="training tokens for which repetitions are stated")

    @field_validator("recipe")
    @classmethod
    def _feasible(cls, recipe: str | dict[str, float]) -> str | dict[str, float]:
        shares(recipe)
        return recipe
