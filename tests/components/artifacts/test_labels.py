"""Labels give back what was written, and say whose they are."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from inkling.components.artifacts.corpus import Corpus, Segment, SourceSummary, write_segments, write_sources
from inkling.components.artifacts.labels import (
    FAMILIES,
    LABELS,
    Labels,
    SegmentLabels,
    member,
    percentages,
    write_labels,
)
from inkling.components.artifacts.manifest import ArtifactError, Manifest, Provenance
from inkling.components.config import ConfigError

FLAGS = np.array([[1, 0, 0, 0, 0, 0], [0, 0, 1, 1, 0, 1], [0, 0, 0, 0, 0, 0]], bool)
WRITTEN = SegmentLabels(["a.py", "a.py", "b.py"], [0, 1, 0], FLAGS)


def write(path: Path, corpus: str) -> Labels:
    write_labels(path, "code", WRITTEN)
    (path / "shares.json").write_text('{"labeller": "x", "sources": {"code": {"percent": {"code": 33.33}}}}')
    Manifest.describe(path, "Labels", 1, Provenance("label", "", "", {}, {}, {"corpus": corpus})).write(path)
    return Labels.open(path)


def test_labels_come_back_in_order(tmp_path: Path) -> None:
    found = write(tmp_path, "x").of("code")
    assert (found.documents, found.segments) == (WRITTEN.documents, WRITTEN.segments)
    assert (found.flags == FLAGS).all()
    assert write(tmp_path, "x").shares() == {"code": {"code": 33.33}}


def test_an_absent_source_names_those_present(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"unknown labelled source 'law'.*Valid: code"):
        write(tmp_path, "x").of("law")


def test_labels_of_another_corpus_are_refused(tmp_path: Path) -> None:
    (tmp_path / "corpus").mkdir()
    write_segments(tmp_path / "corpus", "code", [Segment("code", "a.py", 0, "x\n", 1, "MIT", "train")])
    write_sources(tmp_path / "corpus", {"code": SourceSummary("real", "code", 1, 1, 0, 1, ["MIT"], {})})
    Manifest.describe(tmp_path / "corpus", "Corpus", 1, Provenance("corpus", "", "", {}, {}, {})).write(
        tmp_path / "corpus"
    )
    corpus = Corpus.open(tmp_path / "corpus")
    (tmp_path / "labels").mkdir()
    write(tmp_path / "labels", corpus.digest).check(corpus)
    with pytest.raises(ArtifactError, match="holds labels of another corpus"):
        write(tmp_path / "labels", "0" * 64).check(corpus)


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
