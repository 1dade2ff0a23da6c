"""The kinds of recipe that a profile may state."""

from collections.abc import Collection
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Discriminator, Field, Tag, field_validator

from inkling.components.artifacts.labels import FAMILIES, LABELS
from inkling.components.mixture.recipes import named_recipes, shares
from inkling.components.shared.config import ConfigError, InnerSection, unknown

SourceShares = dict[str, float]
POOL = "pool"
SEVERAL = "several"
"""Stands for a source in the name of a portion of several small ones."""
_WORDS = (POOL, SEVERAL, "labels", "path")


class LabelRecipe(InnerSection):
    """Shares by label: what is named has its share, everything else stays in proportion to a base.

    One label or family is a point of LSBS Figure 3; `{reasoning: 0.6, visual: 0.15}` is a cell of its Table 1.
    """

    key_name: ClassVar[str] = "key of a recipe"

    labels: dict[str, float] = Field(min_length=1, description="share of the tokens by label or family")
    base: Literal["pool"] | str | SourceShares = Field(
        POOL, description="shares by source before: the corpus as it is, a named recipe, or own shares"
    )

    @field_validator("labels")
    @classmethod
    def _possible(cls, labels: dict[str, float]) -> dict[str, float]:
        for name, share in labels.items():
            if name not in LABELS and name not in FAMILIES:
                raise unknown("label", name, (*LABELS, *FAMILIES))
            if not 0 <= share <= 1:
                raise ConfigError(f"the share of '{name}' is {share:g}: it must lie between 0 and 1")
        return labels

    @field_validator("base")
    @classmethod
    def _known_base(cls, base: str | SourceShares) -> str | SourceShares:
        if base != POOL:
            shares(base)
        return base

    def __str__(self) -> str:
        """The recipe in a few words."""
        return ", ".join(f"{name} {share:.4g}" for name, share in self.labels.items())


def _kind(stated: Any) -> str:
    if isinstance(stated, LabelRecipe | PathRecipe):
        return "labels" if isinstance(stated, LabelRecipe) else "path"
    if not isinstance(stated, dict):
        return "name"
    return next((kind for kind in ("path", "labels") if kind in stated), "shares")


Endpoint = Annotated[
    Annotated[str, Tag("name")] | Annotated[SourceShares, Tag("shares")] | Annotated[LabelRecipe, Tag("labels")],
    Discriminator(_kind),
]


class PathRecipe(InnerSection):
    """A point on the straight path between two recipes (LSBS Table 2 goes from mix0 to mix6 in six steps)."""

    key_name: ClassVar[str] = "key of a recipe"

    path: tuple[Endpoint, Endpoint] = Field(description="the two ends")
    at: float = Field(ge=0, le=1, description="0 is the first end, 1 the second")

    @field_validator("path")
    @classmethod
    def _known_ends(cls, path: tuple[Endpoint, Endpoint]) -> tuple[Endpoint, Endpoint]:
        for end in path:
            if not isinstance(end, LabelRecipe):
                shares(end)
        return path

    def __str__(self) -> str:
        """The recipe in a few words."""
        first, second = (describe(end) for end in self.path)
        return f"{first} to {second} at {self.at:.4g}"


Recipe = Annotated[
    Annotated[str, Tag("name")]
    | Annotated[SourceShares, Tag("shares")]
    | Annotated[LabelRecipe, Tag("labels")]
    | Annotated[PathRecipe, Tag("path")],
    Discriminator(_kind),
]


def describe(recipe: Recipe) -> str:
    """Name of a recipe in reports: its own, "custom" for shares by source, else what it states."""
    return "custom" if isinstance(recipe, dict) else str(recipe)


def recipe_names(recipe: Recipe) -> set[str]:
    """Names of recipes, or of sources, that a recipe refers to."""
    if isinstance(recipe, PathRecipe):
        return {name for end in recipe.path for name in recipe_names(end)}
    stated = recipe.base if isinstance(recipe, LabelRecipe) else recipe
    return {stated} - {POOL} if isinstance(stated, str) else set()


def named_labels(recipe: Recipe) -> tuple[str, ...]:
    """The labels and families that a recipe names, sorted; none if it can be made without labels."""
    if isinstance(recipe, PathRecipe):
        return tuple(sorted({name for end in recipe.path for name in named_labels(end)}))
    return tuple(sorted(recipe.labels)) if isinstance(recipe, LabelRecipe) else ()


def named_sources(recipe: Recipe) -> set[str]:
    """The sources that a corpus must have for a recipe."""
    if isinstance(recipe, PathRecipe):
        return {source for end in recipe.path for source in named_sources(end)}
    if isinstance(recipe, LabelRecipe):
        return set() if recipe.base == POOL else set(shares(recipe.base))
    return set(shares(recipe))


def check_sources(recipe: Recipe, sources: Collection[str]) -> None:
    """Refuses a recipe that cannot be made from the sources of a corpus.

    Raises:
        ConfigError: If the recipe takes text from a source that is not there, or the name of a source would be read as
            another part of a recipe; it names the sources that there are and says what to write.
    """
    for name in sources:
        if name in (*named_recipes(), *_WORDS):
            raise ConfigError(f"a recipe cannot name the source '{name}', which means something else in it: rename it")
    missing = sorted(named_sources(recipe) - set(sources))
    if not missing:
        return
    if misspelt := [name for name in missing if not any(name in shares(one) for one in named_recipes())]:
        raise unknown("recipe or source of the corpus", misspelt[0], (*named_recipes(), *sources))
    first = min(sources)
    raise ConfigError(
        f"'{describe(recipe)}' takes text from {', '.join(missing)}, which the corpus lacks. It has "
        f"{', '.join(sorted(sources))}: write mixture.recipe={first} for that alone, or shares that sum to 1, "
        f"as in 'mixture.recipe={{{first}: 1}}'"
    )


def source_shares(recipe: Recipe) -> dict[str, float]:
    """Shares by source of a recipe that names no labels.

    Raises:
        ConfigError: If the recipe cannot be used.
    """
    if isinstance(recipe, PathRecipe):
        first, second = (source_shares(end) for end in recipe.path)
        mixed = {
            name: (1 - recipe.at) * first.get(name, 0.0) + recipe.at * second.get(name, 0.0)
            for name in dict.fromkeys([*first, *second])
        }
        return {name: share for name, share in mixed.items() if share > 0}
    if isinstance(recipe, LabelRecipe):
        raise ConfigError(f"'{recipe}' states shares by label: it has none by source before it is solved")
    return shares(recipe)
