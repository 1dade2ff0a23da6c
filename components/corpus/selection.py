"""Which segments a corpus keeps: as many as are wanted, no question of the evaluation, nothing twice."""

from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from inkling.components.corpus.duplicates import first_of_identical, first_of_similar
from inkling.components.corpus.partition import Partition

REASONS = CONTAMINATED, EXACT, NEAR = "contaminated", "exact", "near"
Mask = NDArray[np.bool_]


def select(
    partitions: Sequence[Partition], words_per_source: int, similarity: float | None
) -> tuple[list[Mask], dict[str, Counter[str]]]:
    """Decides from the signatures alone; the text stays on disk.

    Held-out segments of all sources come first, so that none of them is repeated in the training text of any source.

    Args:
        partitions: The units of all sources that are ready, in their order; those of a source stand together.
        words_per_source: Words after which no further document of a source is taken.
        similarity: Jaccard index from which a segment repeats another; 1: the same words only; None: all are kept.

    Returns:
        For each partition which of its segments are kept, and by source how many were left out for which reason; those
        beyond `words_per_source` are not counted.
    """
    facts = [partition.facts() for partition in partitions]
    whole = np.concatenate(facts)
    ends = np.cumsum([len(part) for part in facts])
    source_names = list(dict.fromkeys(partition.source for partition in partitions))
    sources = np.repeat([source_names.index(partition.source) for partition in partitions], [len(f) for f in facts])
    kept = _within(whole, sources, words_per_source)
    removed = {name: Counter[str]() for name in source_names}

    def drop(reason: str, dropped: NDArray[np.int64]) -> None:
        kept[dropped] = False
        for number, count in zip(*np.unique(sources[dropped], return_counts=True), strict=True):
            removed[source_names[number]][reason] = int(count)

    drop(CONTAMINATED, np.flatnonzero(kept & whole["contaminated"]))
    if similarity:
        drop(EXACT, _all_but(first_of_identical(whole["identity"], _order(whole, kept)), kept))
    if similarity and similarity < 1:
        sketches = [partition.sketches() for partition in partitions]
        drop(NEAR, _all_but(first_of_similar(sketches, _order(whole, kept), similarity), kept))
    return np.split(kept, ends[:-1]), removed


def _within(facts: NDArray[np.void], sources: NDArray[np.int64], words: int) -> Mask:
    """Keeps each source's documents up to the one with which it has so many words."""
    kept = np.zeros(len(facts), np.bool_)
    for source in np.unique(sources):
        mine = np.flatnonzero(sources == source)
        before = np.concatenate([[0], np.cumsum(facts["words"][mine], dtype=np.int64)[:-1]])
        starts = np.maximum.accumulate(np.where(facts["first"][mine], np.arange(len(mine)), 0))
        kept[mine] = before[starts] < words
    return kept


def _order(facts: NDArray[np.void], kept: Mask) -> NDArray[np.int64]:
    """Indices of the segments that are still there, held-out ones first."""
    return np.concatenate([np.flatnonzero(kept & facts["heldout"]), np.flatnonzero(kept & ~facts["heldout"])])


def _all_but(chosen: NDArray[np.int64], kept: Mask) -> NDArray[np.int64]:
    dropped = kept.copy()
    dropped[chosen] = False
    return np.flatnonzero(dropped)
