"""Recipes: which share of the training tokens comes from which source."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path

from inkling.components.shared.config import ConfigError, read_mapping

_CHOICES = Path(__file__).with_name("recipes.yaml")
PRINTED_TOLERANCE = 0.5
"""How far the printed percentages of a named recipe may sum from 100; they are divided by their sum."""
SHARES_TOLERANCE = 1e-6
"""How far a user's own shares may sum from 1; beyond it they are refused, never rescaled."""


@cache
def named_recipes() -> dict[str, dict[str, float]]:
    """Shares by source of every named recipe, summing to 1.

    Raises:
        ConfigError: If a row of the table sums to something else than 100 percent, printed roundings apart.
    """
    return {name: _normalised(name, row) for name, row in read_mapping(_CHOICES.read_text()).items()}


def shares(recipe: str | Mapping[str, float]) -> dict[str, float]:
    """Shares by source of a recipe, summing to 1; sources with none of it are left out.

    Which sources there are is said by a corpus, not here: `recipe_types.check_sources` compares the two.

    Args:
        recipe: Name of a recipe, name of a source (all text from there), or a user's own shares by source.

    Raises:
        ConfigError: If a share is negative, or shares do not sum to 1.
    """
    if isinstance(recipe, str):
        return named_recipes().get(recipe, {recipe: 1.0})
    for source, share in recipe.items():
        if not 0 <= share <= 1:
            raise ConfigError(f"the share of '{source}' is {share:g}: it must lie between 0 and 1")
    total = sum(recipe.values())
    if abs(total - 1) > SHARES_TOLERANCE:
        raise ConfigError(f"the shares sum to {total:g}, they must sum to 1")
    return {source: share / total for source, share in recipe.items() if share > 0}


def _normalised(name: str, percent: Mapping[str, float]) -> dict[str, float]:
    total = sum(percent.values())
    if abs(total - 100) > PRINTED_TOLERANCE:
        raise ConfigError(f"recipe '{name}' sums to {total:g} percent, it must sum to 100")
    return {source: value / total for source, value in percent.items()}
