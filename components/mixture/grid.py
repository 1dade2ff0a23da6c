"""Which cells of the paper's grid of reasoning and visual shares a corpus can meet, and at what repetition."""

from collections.abc import Sequence
from dataclasses import dataclass

from inkling.components.artifacts.corpus import Corpus
from inkling.components.mixture.cells import Cell, pooled
from inkling.components.mixture.counting import Labelling, count_cells
from inkling.components.mixture.portions import mix
from inkling.components.mixture.recipe_types import LabelRecipe
from inkling.components.shared.config import ConfigError

_NAMED = ("reasoning", "visual")
_WIDE, _NARROW = (5, 10, 15, 20, 25, 30), (5, 10, 15)
TABLE_1 = tuple(
    (reasoning, visual) for reasoning in range(50, 90, 5) for visual in (_WIDE if reasoning in (60, 65) else _NARROW)
)
"""Percent of reasoning and of visual text of each cell of LSBS Table 1."""


@dataclass(frozen=True)
class GridCell:
    """A cell of the grid on a corpus.

    Attributes:
        reasoning: Percent of reasoning text.
        visual: Percent of visual text.
        repetition: Epochs of the portion that is repeated most; None if no mixture has the shares.
        effective_words: Words of a text without repetition that would average as well; None likewise.
    """

    reasoning: int
    visual: int
    repetition: float | None
    effective_words: float | None


def grid(corpus: Corpus, labels: Labelling, tokens: int) -> list[GridCell]:
    """Solves every cell of LSBS Table 1.

    Args:
        corpus: The corpus.
        labels: Its labels.
        tokens: Training tokens for which the repetitions are stated.
    """
    cells = pooled(count_cells(corpus, labels, _NAMED, corpus.sources()).cells)
    if not cells:
        return [GridCell(reasoning, visual, None, None) for reasoning, visual in TABLE_1]
    return [_cell(cells, tokens, reasoning, visual) for reasoning, visual in TABLE_1]


def _cell(cells: Sequence[Cell], tokens: int, reasoning: int, visual: int) -> GridCell:
    try:
        mixed = mix(LabelRecipe(labels={"reasoning": reasoning / 100, "visual": visual / 100}), cells, _NAMED, {})
    except ConfigError:
        return GridCell(reasoning, visual, None, None)
    effective = mixed.solution.effective_words if mixed.solution else None
    return GridCell(reasoning, visual, max(mixed.repetitions(tokens).values()), effective)
