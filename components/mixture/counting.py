"""One pass over a corpus without its text: words of training text of each source and combination of named labels."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from inkling.components.artifacts.corpus import Corpus
from inkling.components.artifacts.labels import SegmentLabels, member
from inkling.components.artifacts.manifest import ArtifactError
from inkling.components.mixture.cells import MEASURED, Cell

_COLUMNS = ("document", "segment", "words", "split")


class Labelling(Protocol):
    """Labels of a corpus as a stream: the Labels artifact, or what a feature store held at a date."""

    def batches(self, source: str) -> Iterator[SegmentLabels]:
        """Labels of a source's segments, in the batches of the corpus."""


def count_cells(corpus: Corpus, labels: Labelling | None, named: Sequence[str], sources: Iterable[str]) -> list[Cell]:
    """Counts the training text of a corpus by cell; memory does not grow with the corpus.

    Args:
        corpus: The corpus.
        labels: Labels of that corpus; None where no label is named.
        named: The labels and families that tell cells apart.
        sources: The sources that are wanted.

    Raises:
        ArtifactError: If the labels are those of another corpus.
    """
    return [cell for source in sources for cell in _count(corpus, labels, named, source)]


def carried(flags: NDArray[np.bool_], named: Sequence[str]) -> NDArray[np.bool_]:
    """Whether each segment carries each named label, (segments, named)."""
    return np.column_stack([np.zeros((len(flags), 0), np.bool_), *(member(flags, name) for name in named)])


def check_order(labels: SegmentLabels, documents: list[str], segments: list[int], source: str) -> None:
    """Checks that labels are those of the given segments.

    Raises:
        ArtifactError: If they are not.
    """
    if (labels.documents, labels.segments) != (documents, segments):
        raise ArtifactError(f"the labels are not those of the segments of '{source}': label the corpus anew")


def _count(corpus: Corpus, labels: Labelling | None, named: Sequence[str], source: str) -> list[Cell]:
    """The cells of a source, by what they carry."""
    words = np.zeros(1 << len(named), np.int64)
    labelled = np.zeros((1 << len(named), len(MEASURED)), np.int64)
    for lengths, flags in _training(corpus, labels, source):
        patterns = carried(flags, named) @ (1 << np.arange(len(named)))
        np.add.at(words, patterns, lengths)
        np.add.at(labelled, patterns, lengths[:, None] * carried(flags, MEASURED))
    cells = [
        Cell(source, tuple(bool(pattern >> place & 1) for place in range(len(named))), {source: int(words[pattern])},
             labelled[pattern])
        for pattern in np.flatnonzero(words).tolist()
    ]  # fmt: skip
    return sorted(cells, key=lambda cell: cell.carried)


def _training(
    corpus: Corpus, labels: Labelling | None, source: str
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.bool_]]]:
    """Words, (segments,), and flags, (segments, 6), of the training segments of a source, a batch at a time."""
    judged = labels.batches(source) if labels else None
    for batch in corpus.columns(source, _COLUMNS):
        train = np.array(batch["split"].to_pylist()) == "train"
        flags = np.zeros((batch.num_rows, 6), np.bool_)
        if judged:
            found = next(judged, SegmentLabels([], [], flags[:0]))
            check_order(found, batch["document"].to_pylist(), batch["segment"].to_pylist(), source)
            flags = found.flags
        yield batch["words"].to_numpy().astype(np.int64)[train], flags[train]
