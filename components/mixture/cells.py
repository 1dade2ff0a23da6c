"""Cells of a corpus: the training segments of one source that agree on the labels that a recipe names."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from inkling.components.artifacts.labels import FAMILIES, LABELS
from inkling.components.mixture.recipe_types import SEVERAL
from inkling.components.shared.config import ConfigError

SMALLEST = 4_096
"""Words below which a cell is pooled with others of the same labels: a shard must hold at least one sequence."""
MEASURED = (*LABELS, *FAMILIES)


@dataclass(frozen=True)
class Cell:
    """Training text of one source (or of several small ones) with the same named labels.

    Attributes:
        source: Name of the source, "several" for pooled ones.
        carried: Whether it carries each label that the recipe names.
        words: Words of it by source.
        labelled: Words of it that carry each label and family, (8,), as in `MEASURED`.
    """

    source: str
    carried: tuple[bool, ...]
    words: dict[str, int]
    labelled: NDArray[np.int64]

    @property
    def total(self) -> int:
        """Words of it in all."""
        return sum(self.words.values())

    def name(self, labels: Sequence[str]) -> str:
        """Name of its shard: the source and, where labels are given, what it carries of them."""
        if not labels:
            return self.source
        carried = [label for label, here in zip(labels, self.carried, strict=True) if here]
        return f"{self.source}.{'+'.join(carried) or 'other'}"


def pooled(cells: Sequence[Cell]) -> list[Cell]:
    """Puts cells of fewer than `SMALLEST` words together, within the same labels; what stays smaller is left out."""
    kept: list[Cell] = []
    for carried in sorted({cell.carried for cell in cells}):
        alike = sorted((cell for cell in cells if cell.carried == carried), key=lambda cell: cell.total)
        small = [cell for cell in alike if cell.total < SMALLEST]
        large = alike[len(small) :]
        if small and sum(cell.total for cell in small) < SMALLEST and large:
            small.append(large.pop(0))
        together = [_merged(small)] if len(small) > 1 else small
        kept += [cell for cell in together if cell.total >= SMALLEST] + large
    return sorted(kept, key=lambda cell: (cell.source, cell.carried))


def _merged(cells: Sequence[Cell]) -> Cell:
    words: dict[str, int] = {}
    for cell in cells:
        words |= cell.words
    return Cell(SEVERAL, cells[0].carried, words, sum((cell.labelled for cell in cells), np.zeros(8, np.int64)))


def base_of(cells: Sequence[Cell], by_source: Mapping[str, float] | None) -> NDArray[np.float64]:
    """Probability of each cell before the recipe, (cells,): by words, or by shares of the sources.

    Args:
        cells: The cells.
        by_source: Shares of the sources, summing to 1; None for the corpus as it is.

    Raises:
        ConfigError: If a source has a share and too little text for a shard.
    """
    totals: dict[str, int] = defaultdict(int)
    for cell in cells:
        for source, words in cell.words.items():
            totals[source] += words
    for source in by_source or ():
        if source not in totals:
            raise ConfigError(
                f"'{source}' has too little training text: no {SMALLEST:,} words with the same labels. Give it more "
                "text (corpus.words_per_source, more files), or leave it out"
            )
    shares = by_source or {source: words / sum(totals.values()) for source, words in totals.items()}
    weights = [
        sum(shares.get(source, 0.0) * words / totals[source] for source, words in cell.words.items()) for cell in cells
    ]
    return np.array(weights)
