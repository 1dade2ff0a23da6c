"""One pass over a corpus without its text: words of training text of each source and combination of named labels."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from inkling.components.artifacts.corpus import Corpus
from inkling.components.artifacts.labels import LABELS, SegmentLabels, member
from inkling.components.mixture.cells import MEASURED, Cell
from inkling.components.shared.store.manifest import ArtifactError

Patterns = NDArray[np.uint8]
_COLUMNS = ("document", "segment", "words", "split")


class Labelling(Protocol):
    """Labels of a corpus as a stream: the Labels artifact, or what a feature store held at a date."""

    def batches(self, source: str) -> Iterator[SegmentLabels]:
        """Labels of a source's segments, in the batches of the corpus."""


@dataclass(frozen=True)
class Counts:
    """What one pass has found.

    Attributes:
        cells: The cells, by source and by what they carry.
        patterns: Which of the named labels each segment of a source carries, the first one as the lowest bit, by the
            batches of the corpus: a byte a segment, so that labels are read once.
    """

    cells: list[Cell]
    patterns: dict[str, list[Patterns]]


def count_cells(corpus: Corpus, labels: Labelling | None, named: Sequence[str], sources: Iterable[str]) -> Counts:
    """Counts the training text of a corpus by cell; memory does not grow with the corpus.

    Args:
        corpus: The corpus.
        labels: Labels of that corpus; None where no label is named.
        named: The labels and families by which cells differ.
        sources: The sources that are wanted.

    Raises:
        ArtifactError: If the labels are those of another corpus.
    """
    counts = Counts([], {})
    for source in sources:
        cells, patterns = _count(corpus, labels, named, source)
        counts.cells.extend(cells)
        counts.patterns[source] = patterns
    return counts


def _carried(flags: NDArray[np.bool_], named: Sequence[str]) -> NDArray[np.bool_]:
    """Whether each segment carries each named label, (segments, named)."""
    return np.column_stack([np.zeros((len(flags), 0), np.bool_), *(member(flags, name) for name in named)])


def _count(
    corpus: Corpus, labels: Labelling | None, named: Sequence[str], source: str
) -> tuple[list[Cell], list[Patterns]]:
    """The cells of a source, by what they carry, and the patterns of its segments."""
    words = np.zeros(1 << len(named), np.int64)
    labelled = np.zeros((1 << len(named), len(MEASURED)), np.int64)
    patterns: list[Patterns] = []
    judged = labels.batches(source) if labels else None
    for batch in corpus.columns(source, _COLUMNS):
        flags = _flags(judged, batch, source)
        found = (_carried(flags, named) @ (1 << np.arange(len(named)))).astype(np.uint8)
        train = np.array(batch["split"].to_pylist()) == "train"
        lengths = np.array(batch["words"].to_pylist(), np.int64)[train]
        np.add.at(words, found[train], lengths)
        np.add.at(labelled, found[train], lengths[:, None] * _carried(flags[train], MEASURED))
        patterns.append(found)
    cells = [
        Cell(source, unpacked(pattern, len(named)), {source: int(words[pattern])}, labelled[pattern])
        for pattern in np.flatnonzero(words).tolist()
    ]
    return sorted(cells, key=lambda cell: cell.carried), patterns


def unpacked(pattern: int, labels: int) -> tuple[bool, ...]:
    """Whether a pattern has each of so many labels."""
    return tuple(bool(pattern >> place & 1) for place in range(labels))


def _flags(judged: Iterator[SegmentLabels] | None, batch: pa.RecordBatch, source: str) -> NDArray[np.bool_]:
    """Labels of a batch of the corpus, (segments, 6); none where none are named."""
    none = np.zeros((batch.num_rows, len(LABELS)), np.bool_)
    if judged is None:
        return none
    found = next(judged, SegmentLabels([], [], none[:0]))
    if (found.documents, found.segments) != (batch["document"].to_pylist(), batch["segment"].to_pylist()):
        raise ArtifactError(f"the labels are not those of the segments of '{source}': label the corpus anew")
    return found.flags
