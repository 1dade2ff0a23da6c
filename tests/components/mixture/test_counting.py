"""Counting a corpus by cell in one pass agrees with counting its segments one by one."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from inkling.components.artifacts import corpus as corpus_module
from inkling.components.artifacts.corpus import Corpus, Segment, SourceSummary, write_segments, write_sources
from inkling.components.artifacts.labels import FAMILIES, LABELS, SegmentLabels
from inkling.components.mixture.cells import MEASURED
from inkling.components.mixture.counting import count_cells, unpacked
from inkling.components.shared.store.manifest import ArtifactError, Manifest, Provenance

ROWS = st.lists(
    st.tuples(st.sets(st.sampled_from(LABELS)), st.integers(1, 5_000), st.booleans()), min_size=1, max_size=12
)
NAMED = st.lists(st.sampled_from((*LABELS, *FAMILIES)), unique=True, max_size=8)


class Stated:
    """Labels that a test states, in batches of three."""

    def __init__(self, rows: dict[str, list[set[str]]]) -> None:
        self.rows = rows

    def batches(self, source: str) -> "list[SegmentLabels]":
        rows = self.rows[source]
        flags = np.array([[label in carried for label in LABELS] for carried in rows])
        names = [f"{source}:{number}" for number in range(len(rows))]
        cuts = [slice(start, start + 3) for start in range(0, len(rows), 3)]
        return iter([SegmentLabels(names[cut], [0] * len(names[cut]), flags[cut]) for cut in cuts])  # type: ignore[return-value]


def write_corpus(path: Path, sources: dict[str, list[tuple[set[str], int, bool]]]) -> Corpus:
    path.mkdir()
    for source, rows in sources.items():
        write_segments(
            path,
            source,
            [
                Segment(source, f"{source}:{number}", 0, "", words, "MIT", "heldout" if held else "train")
                for number, (_, words, held) in enumerate(rows)
            ],
        )
    write_sources(path, dict.fromkeys(sources, SourceSummary("synthetic", "", 1, 1, 0, 1, ["MIT"], {})))
    Manifest.describe(path, "Corpus", 1, Provenance("corpus", "", "", {}, {}, {})).write(path)
    return Corpus.open(path)


def carries(labels: set[str], name: str) -> bool:
    return bool(labels.intersection(FAMILIES.get(name, (name,))))


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.dictionaries(st.sampled_from(["code", "law", "food"]), ROWS, min_size=1), NAMED)
def test_the_cells_are_those_of_the_segments(
    tmp_path_factory: pytest.TempPathFactory, sources: dict[str, list[tuple[set[str], int, bool]]], named: list[str]
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(corpus_module, "BATCH", 3)
        corpus = write_corpus(tmp_path_factory.mktemp("counted") / "corpus", sources)
        labels = Stated({source: [labels for labels, _, _ in rows] for source, rows in sources.items()})
        counts = count_cells(corpus, labels, named, sources)  # type: ignore[arg-type]
    words: dict[tuple[str, tuple[bool, ...]], int] = {}
    labelled: dict[str, int] = dict.fromkeys(MEASURED, 0)
    for source, rows in sources.items():
        for carried, length, held in rows:
            if not held:
                cell = source, tuple(carries(carried, name) for name in named)
                words[cell] = words.get(cell, 0) + length
                for name in MEASURED:
                    labelled[name] += length * carries(carried, name)
    assert {(cell.source, cell.carried): cell.total for cell in counts.cells} == words
    assert len(counts.cells) == len(words)
    totals = sum((cell.labelled for cell in counts.cells), np.zeros(len(MEASURED), np.int64))
    assert dict(zip(MEASURED, totals.tolist(), strict=True)) == labelled
    for source, rows in sources.items():
        found = [unpacked(one, len(named)) for batch in counts.patterns[source] for one in batch.tolist()]
        assert found == [tuple(carries(carried, name) for name in named) for carried, _, _ in rows]


def test_labels_that_end_too_soon_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(corpus_module, "BATCH", 3)
    corpus = write_corpus(tmp_path / "corpus", {"code": [(set(), 5, False)] * 5})
    with pytest.raises(ArtifactError, match="the labels are not those of the segments of 'code'"):
        count_cells(corpus, Stated({"code": [set()] * 3}), ["math"], ["code"])  # type: ignore[arg-type]
