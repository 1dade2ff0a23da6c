"""Signatures of segments: so little of each that those of a million fit in memory, and enough to find repeats."""

import hashlib
import zlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from inkling.components.artifacts.corpus import Segment
from inkling.components.shared.word_runs import Runs

SHINGLE_WORDS = 5
PERMUTATIONS = 128
FACTS = np.dtype(
    [("identity", "u8"), ("words", "i4"), ("first", "?"), ("heldout", "?"), ("contaminated", "?")], align=False
)
"""Of a segment: a hash of its words, their number, whether it begins a document, is held out, repeats a question."""
Sketches = NDArray[np.uint32]


def facts_of(segments: Sequence[Segment], words: Sequence[list[str]], runs: Runs) -> NDArray[np.void]:
    """The facts about segments, a `FACTS` each.

    Args:
        segments: The segments.
        words: Their words, as `plain_words` gives them.
        runs: The runs of words of evaluation questions.
    """
    rows = [
        (
            int.from_bytes(hashlib.sha256(" ".join(spoken).encode()).digest()[:8], "big"),
            segment.words,
            segment.segment == 0,
            segment.split == "heldout",
            segment.split == "train" and runs.within(spoken),
        )
        for segment, spoken in zip(segments, words, strict=True)
    ]
    return np.array(rows, FACTS)


def sketches_of(words: Sequence[list[str]]) -> Sketches:
    """MinHash sketches of the runs of `SHINGLE_WORDS` words of texts, [texts, PERMUTATIONS].

    The share of equal places in two of them estimates the Jaccard index of the sets of runs.
    """
    from datasketch import MinHash

    shingles = ([shingle.encode() for shingle in _shingles(spoken)] for spoken in words)
    sketches = MinHash.generator(shingles, num_perm=PERMUTATIONS, hashfunc=zlib.crc32, scheme="affine32")
    rows = [sketch.hashvalues for sketch in sketches]
    return np.array(rows, np.uint32).reshape(len(rows), PERMUTATIONS)


def _shingles(words: list[str]) -> set[str]:
    if len(words) < SHINGLE_WORDS:
        return {" ".join(words)}
    return set(map(" ".join, zip(*(words[start:] for start in range(SHINGLE_WORDS)), strict=False)))
