"""What a recipe means on a corpus: named portions of its training text, each with a weight."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from inkling.components.artifacts.corpus import Corpus
from inkling.components.artifacts.tokens import Solution
from inkling.components.mixture.cells import MEASURED, SMALLEST, Cell, base_of, pooled
from inkling.components.mixture.counting import Labelling, Patterns, count_cells, unpacked
from inkling.components.mixture.recipe_types import POOL, LabelRecipe, PathRecipe, Recipe, named_labels, source_shares
from inkling.components.mixture.recipes import shares
from inkling.components.mixture.solver import Infeasible, solve
from inkling.components.shared.config import ConfigError


@dataclass(frozen=True)
class Portions:
    """A recipe on a corpus.

    Attributes:
        weights: Share of the training tokens of each portion, by its name; positive, summing to 1.
        cells: The text of each portion.
        named: The labels and families by which cells differ; none where a portion is a source.
        patterns: Which of these each segment of a source carries, as in `Counts`.
        solution: How shares by label were met; None for a recipe without labels.
    """

    weights: dict[str, float]
    cells: dict[str, Cell]
    named: tuple[str, ...]
    patterns: dict[str, list[Patterns]]
    solution: Solution | None = None

    def of(self, source: str) -> list[str | None]:
        """Name of the portion of a source's training text by the pattern of a segment; None for what is left out."""
        names = {cell.carried: name for name, cell in self.cells.items() if source in cell.words}
        return [names.get(unpacked(pattern, len(self.named))) for pattern in range(1 << len(self.named))]

    def repetitions(self, tokens: int) -> dict[str, float]:
        """Epochs of each portion while so many tokens are spent; a word counts as one token, its least."""
        return {name: weight * tokens / self.cells[name].total for name, weight in self.weights.items()}

    def check_repetition(self, tokens: int, limit: float) -> None:
        """Refuses a recipe that repeats a portion too often.

        Raises:
            ConfigError: If it does; it names the portion and says what to do.
        """
        repetitions = self.repetitions(tokens)
        worst = max(repetitions, key=lambda name: repetitions[name])
        if repetitions[worst] > limit:
            raise ConfigError(
                f"'{worst}' would be repeated for {repetitions[worst]:.1f} epochs in {tokens:,} tokens: it has "
                f"{self.cells[worst].total:,} words, the limit is {limit:g}. Raise corpus.words_per_source if there is "
                f"more text, lower token_budget to {int(tokens * limit / repetitions[worst])} or, if that is meant, "
                "raise mixture.repetition_limit"
            )


def portions(recipe: Recipe, corpus: Corpus, labels: Labelling | None) -> Portions:
    """Works out what a recipe means on a corpus.

    Args:
        recipe: The recipe.
        corpus: The corpus.
        labels: Its labels; needed only by a recipe that names labels.

    Raises:
        ConfigError: If the recipe needs labels and there are none, or no mixture of the corpus has its shares.
    """
    named = named_labels(recipe)
    if not named:
        weights = source_shares(recipe)
        counts = count_cells(corpus, None, (), weights)
        cells = {cell.source: cell for cell in counts.cells}
        for source in weights:
            if source not in cells:
                raise ConfigError(f"'{source}' has no training text: raise corpus.words_per_source or leave it out")
        return Portions(weights, cells, (), counts.patterns)
    if labels is None:
        raise ConfigError(f"the recipe '{recipe}' names labels: label the corpus and give the labels too")
    counts = count_cells(corpus, labels, named, corpus.sources())
    large = pooled(counts.cells)
    if not large:
        words = ", ".join(f"{cell.name(named)} {cell.total:,}" for cell in counts.cells)
        raise ConfigError(
            f"too little text: no cell (training text of a source that agrees on {', '.join(named)}) has {SMALLEST:,} "
            f"words, nor have all that carry the same labels together; there are: {words}. Give the corpus more text, "
            "or take a recipe by source"
        )
    return mix(recipe, large, named, counts.patterns)


def mix(recipe: Recipe, cells: Sequence[Cell], named: tuple[str, ...], patterns: dict[str, list[Patterns]]) -> Portions:
    """Works out what a recipe means on the cells of a corpus.

    Args:
        recipe: The recipe.
        cells: The cells.
        named: The labels and families by which the cells differ; all that the recipe names are among them.
        patterns: Which of these each segment carries.

    Raises:
        ConfigError: If no mixture of the cells has the recipe's shares; it names the nearest that one has.
    """
    weights = _weights(recipe, cells, named)
    chosen = [(cell, float(weight)) for cell, weight in zip(cells, weights, strict=True) if weight > 0]
    return Portions(
        {cell.name(named): weight for cell, weight in chosen},
        {cell.name(named): cell for cell, _ in chosen},
        named,
        patterns,
        _solution(recipe, cells, weights),
    )


def _weights(recipe: Recipe, cells: Sequence[Cell], named: Sequence[str]) -> NDArray[np.float64]:
    if isinstance(recipe, PathRecipe):
        first, second = (_weights(end, cells, named) for end in recipe.path)
        return (1 - recipe.at) * first + recipe.at * second
    if not isinstance(recipe, LabelRecipe):
        return base_of(cells, shares(recipe))
    carried = np.array([cell.carried for cell in cells])[:, [named.index(name) for name in recipe.labels]]
    try:
        return solve(_base(recipe, cells), carried, np.array(list(recipe.labels.values())))
    except Infeasible as error:
        nearest = ", ".join(f"{name}: {share:.4f}" for name, share in zip(recipe.labels, error.nearest, strict=True))
        raise ConfigError(
            f"no mixture of this corpus has the shares {recipe.labels} (its cells of {SMALLEST:,} words or more: "
            f"{', '.join(cell.name(named) for cell in cells)}); the nearest that one has: {{{nearest}}}"
        ) from None


def _base(recipe: LabelRecipe, cells: Sequence[Cell]) -> NDArray[np.float64]:
    return base_of(cells, None if recipe.base == POOL else shares(recipe.base))


def _solution(recipe: Recipe, cells: Sequence[Cell], weights: NDArray[np.float64]) -> Solution:
    words = np.array([cell.total for cell in cells], np.float64)
    labelled = weights / words @ np.array([cell.labelled for cell in cells])
    sources: dict[str, float] = {}
    for cell, weight in zip(cells, weights, strict=True):
        for source, count in cell.words.items():
            sources[source] = sources.get(source, 0.0) + float(weight) * count / cell.total
    by_labels = recipe if isinstance(recipe, LabelRecipe) else None
    return Solution(
        wanted=by_labels.labels if by_labels else {},
        achieved={name: float(share) for name, share in zip(MEASURED, labelled, strict=True)},
        sources=sources,
        divergence=_divergence(weights, _base(by_labels, cells)) if by_labels else 0.0,
        pool_words=int(words.sum()),
        effective_words=float(1 / (weights**2 / words).sum()),
    )


def _divergence(weights: NDArray[np.float64], base: NDArray[np.float64]) -> float:
    used = weights > 0
    return float((weights[used] * np.log(weights[used] / base[used])).sum())
