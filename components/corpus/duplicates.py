"""Repeated segments, found from their signatures: the same words, or nearly the same runs of words."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from inkling.components.corpus.signatures import PERMUTATIONS, Sketches
from inkling.components.shared.runtime.progress import track

_RECALL = 0.99
"""Chance of a pair just at the similarity to share a band, and so to be compared."""
_PAIRS = 4_096
Indices = NDArray[np.int64]


def first_of_identical(identities: NDArray[np.uint64], order: Indices) -> Indices:
    """Of segments with the same identity the first.

    Args:
        identities: Hash of each segment's words.
        order: Indices of the segments that are looked at, the first in line first.

    Returns:
        Indices of those that are first.
    """
    _, first = np.unique(identities[order], return_index=True)
    return order[first]


def first_of_similar(sketches: Sequence[Sketches], order: Indices, similarity: float) -> Indices:
    """Of segments that repeat one another, directly or by way of others, the first.

    Locality-sensitive hashing: sketches are cut into bands, segments that share a band are compared, and two are alike
    if so large a share of their sketches is equal, which estimates the Jaccard index within 0.04 (one standard error).
    One band of all segments is held at a time.

    Args:
        sketches: MinHash sketches of the segments, in chunks; together they are indexed as one.
        order: Indices of the segments that are looked at, the first in line first.
        similarity: Jaccard index of their runs of words from which two segments are alike, below 1.

    Returns:
        Indices of those that are first.
    """
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    rows = rows_of_band(similarity)
    pairs = np.empty((0, 2), np.int64)
    bands = range(0, PERMUTATIONS - rows + 1, rows)
    for start in track(bands, "looking for duplicates", len(bands), "bands"):
        keys = np.concatenate([_key(chunk[:, start : start + rows]) for chunk in sketches])
        pairs = np.unique(np.concatenate([pairs, _sharing(keys[order])]), axis=0)
    alike = pairs[_alike(sketches, order[pairs], similarity)]
    links = coo_array((np.ones(len(alike), np.bool_), (alike[:, 0], alike[:, 1])), (len(order), len(order)))
    _, groups = connected_components(links, directed=False)
    _, first = np.unique(groups, return_index=True)
    return order[first]


def rows_of_band(similarity: float) -> int:
    """Sketch places of a band: as many as leave a pair at the similarity a chance of `_RECALL` to share a band."""
    found = [rows for rows in range(1, 33) if 1 - (1 - similarity**rows) ** (PERMUTATIONS // rows) >= _RECALL]
    return max(found)


def _key(band: Sketches) -> NDArray[np.uint64]:
    """A hash of each row; two that differ share one rarely, and are distinguished when they are compared."""
    key = np.zeros(len(band), np.uint64)
    for column in band.T:
        key = (key ^ column) * np.uint64(0x9E3779B97F4A7C15)
        key ^= key >> np.uint64(29)
    return key


def _sharing(keys: NDArray[np.uint64]) -> Indices:
    """Pairs of places with the same key, [pairs, 2]: each place with the one before it and with the first."""
    line = np.argsort(keys, kind="stable")
    same = keys[line[1:]] == keys[line[:-1]]
    heads = np.maximum.accumulate(np.where(np.concatenate([[True], ~same]), np.arange(len(line)), 0))
    later = np.flatnonzero(same) + 1
    return np.concatenate([np.stack([line[later - 1], line[later]], 1), np.stack([line[heads[later]], line[later]], 1)])


def _alike(sketches: Sequence[Sketches], pairs: Indices, similarity: float) -> NDArray[np.bool_]:
    starts = np.cumsum([0, *map(len, sketches)])

    def gather(indices: Indices) -> Sketches:
        chunks = np.searchsorted(starts, indices, "right") - 1
        rows = [sketches[chunk][index - starts[chunk]] for chunk, index in zip(chunks, indices, strict=True)]
        return np.array(rows, np.uint32).reshape(-1, PERMUTATIONS)

    found = np.zeros(len(pairs), np.bool_)
    for start in range(0, len(pairs), _PAIRS):
        chunk = pairs[start : start + _PAIRS]
        equal = gather(chunk[:, 0]) == gather(chunk[:, 1])
        found[start : start + _PAIRS] = equal.mean(axis=1) >= similarity
    return found
