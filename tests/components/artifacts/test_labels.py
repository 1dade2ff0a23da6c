"""Labels give back what was written, and say whose they are."""

import json
from datetime import UTC, date, datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from inkling.components.artifacts.corpus import Corpus, Segment, SourceSummary, write_segments, write_sources
from inkling.components.artifacts.labels import (
    FAMILIES,
    LABELS,
    Labels,
    SegmentLabels,
    Version,
    labels_table,
    member,
    percentages,
    statistics_table,
    write_partition,
)
from inkling.components.shared.config import ConfigError
from inkling.components.shared.store.manifest import ArtifactError, Manifest, Provenance

FLAGS = np.array([[1, 0, 0, 0, 0, 0], [0, 0, 1, 1, 0, 1], [0, 0, 0, 0, 0, 0]], bool)
WRITTEN = SegmentLabels(["a.py", "a.py", "b.py"], [0, 1, 0], FLAGS)
CHANGED = SegmentLabels(["a.py", "a.py", "b.py"], [0, 1, 0], ~FLAGS)
FIRST, SECOND = Version(date(2026, 1, 1), "x"), Version(date(2026, 3, 1), "y")


def write(path: Path, corpus: str, versions: dict[Version, SegmentLabels]) -> Labels:
    segments = [Segment("code", d, i, "x\n", 1, "MIT", "train") for d, i in (("a.py", 0), ("a.py", 1), ("b.py", 0))]
    rows = pa.concat_tables([labels_table("code", version, labels) for version, labels in versions.items()])
    write_partition(path, "code", 0, rows, statistics_table(segments, FIRST.date))
    dated = [{"date": str(version.date), "labeller": version.labeller} for version in versions]
    (path / "shares.json").write_text(
        json.dumps({"versions": dated, "sources": {"code": {"percent": {"code": 33.33}}}})
    )
    Manifest.describe(path, "Labels", Labels.schema, Provenance("label", "", "", {}, {}, {"corpus": corpus})).write(
        path
    )
    return Labels.open(path)


def test_labels_come_back_in_order(tmp_path: Path) -> None:
    labels = write(tmp_path, "x", {FIRST: WRITTEN})
    found = labels.of("code")
    assert (found.documents, found.segments) == (WRITTEN.documents, WRITTEN.segments)
    assert (found.flags == FLAGS).all()
    assert labels.shares() == {"code": {"code": 33.33}}
    assert labels.versions() == [FIRST]


def test_of_several_versions_the_latest_is_read(tmp_path: Path) -> None:
    labels = write(tmp_path, "x", {FIRST: WRITTEN, SECOND: CHANGED})
    assert labels.versions() == [FIRST, SECOND]
    found = labels.of("code")
    assert found.segments == WRITTEN.segments
    assert (found.flags == ~FLAGS).all()


def test_rows_say_which_segment_and_since_when(tmp_path: Path) -> None:
    labels = write(tmp_path, "x", {FIRST: WRITTEN, SECOND: CHANGED})
    (path,) = labels.partitions("code")
    rows = pq.read_table(path).to_pylist()
    assert [row["segment_id"] for row in rows] == 2 * ["code/a.py#0", "code/a.py#1", "code/b.py#0"]
    assert [row["event_timestamp"].date() for row in rows] == 3 * [FIRST.date] + 3 * [SECOND.date]
    assert [row["labeller"] for row in rows] == ["x"] * 3 + ["y"] * 3
    (counted,) = (tmp_path / "statistics").glob("*")
    assert pq.read_table(counted).to_pylist()[0] == {
        "segment_id": "code/a.py#0",
        "event_timestamp": datetime(2026, 1, 1, tzinfo=UTC),
        "source": "code",
        "split": "train",
        "licence": "MIT",
        "words": 1,
        "characters": 2,
    }


def test_an_absent_source_names_those_present(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"unknown labelled source 'law'.*Valid: code"):
        write(tmp_path, "x", {FIRST: WRITTEN}).of("law")


def test_labels_of_another_corpus_are_refused(tmp_path: Path) -> None:
    (tmp_path / "corpus").mkdir()
    write_segments(tmp_path / "corpus", "code", [Segment("code", "a.py", 0, "x\n", 1, "MIT", "train")])
    write_sources(tmp_path / "corpus", {"code": SourceSummary("real", "code", 1, 1, 0, 1, ["MIT"], {})})
    Manifest.describe(tmp_path / "corpus", "Corpus", 1, Provenance("corpus", "", "", {}, {}, {})).write(
        tmp_path / "corpus"
    )
    corpus = Corpus.open(tmp_path / "corpus")
    (tmp_path / "labels").mkdir()
    write(tmp_path / "labels", corpus.digest, {FIRST: WRITTEN}).check(corpus)
    with pytest.raises(ArtifactError, match="holds labels of another corpus"):
        write(tmp_path / "labels", "0" * 64, {FIRST: WRITTEN}).check(corpus)


def test_a_family_is_the_union_of_its_labels() -> None:
    assert member(FLAGS, "reasoning").tolist() == [True, True, False]
    assert member(FLAGS, "visual").tolist() == [False, True, False]
    assert member(FLAGS, "math").tolist() == [False, False, False]
    with pytest.raises(ConfigError, match="unknown label 'colour'"):
        member(FLAGS, "colour")


@given(st.lists(st.lists(st.booleans(), min_size=6, max_size=6), min_size=1, max_size=30))
def test_percentages_of_families_lie_between_the_largest_and_the_sum_of_their_labels(rows: list[list[bool]]) -> None:
    percent = percentages(np.array(rows))
    for family, labels in FAMILIES.items():
        shares = [percent[label] for label in labels]
        assert max(shares) <= percent[family] <= sum(shares) + 0.02
    assert percent["none"] <= 100 - max(percent[label] for label in LABELS) + 0.01
