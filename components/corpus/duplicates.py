"""Leaving out segments that repeat another, word for word or nearly."""

import hashlib
import json
import re
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import chain
from pathlib import Path

from datasketch import MinHash, MinHashLSH

from inkling.components.artifacts.corpus import Segment
from inkling.components.progress import track

DUPLICATES = "duplicates.json"
SHINGLE_WORDS = 5
_PERMUTATIONS = 128
_MOST_SELECTIVE = 0.9  # beyond, an index of so few permutations has a single band
_RATHER_FIND = (0.05, 0.95)  # weights of false candidates, which are looked through, and of missed ones, which are not
_WORD = re.compile(r"\w+")
Sources = Mapping[str, Sequence[Segment]]


@dataclass
class Removed:
    """Segments of a source that were left out.

    Attributes:
        exact: Those with the words of an earlier segment.
        near: Those nearly so.
    """

    exact: int = 0
    near: int = 0


def without_duplicates(sources: Sources, similarity: float) -> tuple[dict[str, list[Segment]], dict[str, Removed]]:
    """Leaves out every segment that repeats one that was kept before.

    Held-out segments of all sources come first, so that none of them is repeated in the training text of any source.
    MinHash finds candidates; whether one repeats another is decided on their shingles themselves.

    Args:
        sources: Segments by source.
        similarity: Jaccard index of the sets of runs of `SHINGLE_WORDS` words from which a segment counts as repeated,
            in (0, 1]; 1 leaves out the same words only.

    Returns:
        The segments that are kept, in their order, and how many were left out, both by source.
    """
    segments = list(chain.from_iterable(sources.values()))
    order = sorted(range(len(segments)), key=lambda index: segments[index].split != "heldout")
    removed = {source: Removed() for source in sources}
    seen: set[bytes] = set()
    known = _Known(similarity)
    kept: set[int] = set()
    for index in track(order, "looking for duplicates", len(order), "segments"):
        source, text = segments[index].source, segments[index].text
        identity = hashlib.sha256(" ".join(_words(text)).encode()).digest()
        if identity in seen:
            removed[source].exact += 1
        elif similarity < 1 and known.repeats(text):
            removed[source].near += 1
        else:
            kept.add(index)
        seen.add(identity)
    left: dict[str, list[Segment]] = {source: [] for source in sources}
    for index in sorted(kept):
        left[segments[index].source].append(segments[index])
    return left, removed


def write_duplicates(directory: Path, removed: Mapping[str, Removed]) -> None:
    """Writes `duplicates.json`: how many segments of each source were left out."""
    counts = {source: asdict(entry) for source, entry in removed.items()}
    (directory / DUPLICATES).write_text(json.dumps(counts, indent=2) + "\n")


class _Known:
    """The texts met so far that repeat none before them."""

    def __init__(self, similarity: float) -> None:
        self._similarity = similarity
        threshold = min(similarity, _MOST_SELECTIVE)
        self._index = MinHashLSH(threshold=threshold, num_perm=_PERMUTATIONS, weights=_RATHER_FIND)
        self._texts: list[str] = []

    def repeats(self, text: str) -> bool:
        """Whether a text repeats a known one; if not, it is known from now on."""
        shingles = _shingles(text)
        sketch = MinHash(num_perm=_PERMUTATIONS, hashfunc=zlib.crc32)
        sketch.update_batch(shingles)
        similar = (_jaccard(shingles, _shingles(self._texts[other])) for other in self._index.query(sketch))
        if any(value >= self._similarity for value in similar):
            return True
        self._index.insert(len(self._texts), sketch)
        self._texts.append(text)
        return False


def _words(text: str) -> list[str]:
    return _WORD.findall(text.lower())


def _shingles(text: str) -> set[bytes]:
    words = _words(text)
    starts = range(max(1, len(words) - SHINGLE_WORDS + 1))
    return {" ".join(words[start : start + SHINGLE_WORDS]).encode() for start in starts}


def _jaccard(shingles: set[bytes], others: set[bytes]) -> float:
    return len(shingles & others) / len(shingles | others)
