"""A Corpus gives back what was written, by source and split."""

import dataclasses
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from inkling.components.artifacts.corpus import (
    BATCH,
    Corpus,
    Segment,
    SegmentWriter,
    SourceSummary,
    read_batches,
    write_segments,
    write_sources,
)
from inkling.components.shared.config import ConfigError
from inkling.components.shared.store.manifest import ArtifactError, Manifest, Provenance

SEGMENTS = [
    Segment("code", "package:a.py", 0, "x = 1\n", 3, "MIT", "train"),
    Segment("code", "package:a.py", 1, "y = '\u00e9'\n", 5, "MIT", "train"),
    Segment("code", "package:b.py", 0, "z\n", 1, "MIT", "heldout"),
]
SUMMARY = SourceSummary("real", "source code", 9, 2, 1, 3, ["MIT"], {"package": "1.0"})


@pytest.fixture
def corpus(tmp_path: Path) -> Corpus:
    write_segments(tmp_path, "code", SEGMENTS)
    write_sources(tmp_path, {"code": SUMMARY})
    Manifest.describe(tmp_path, "Corpus", 1, Provenance("corpus", "", "", {}, {}, {})).write(tmp_path)
    return Corpus.open(tmp_path)


def test_segments_come_back_in_order_and_by_split(corpus: Corpus) -> None:
    assert corpus.segments("code") == SEGMENTS
    assert corpus.segments("code", "train") == SEGMENTS[:2]
    assert corpus.segments("code", "heldout") == SEGMENTS[2:]
    assert corpus.sources() == {"code": SUMMARY}


def test_columns_come_without_the_text(corpus: Corpus) -> None:
    (batch,) = corpus.columns("code", ["words", "split"])
    assert batch.to_pylist() == [{"words": one.words, "split": one.split} for one in SEGMENTS]
    with pytest.raises(ConfigError, match="unknown source of the corpus"):
        list(corpus.columns("law", ["words"]))


@pytest.mark.parametrize("count", [0, 1, BATCH - 1, BATCH, 2 * BATCH + 7])
def test_row_groups_are_full_however_segments_come(tmp_path: Path, count: int) -> None:
    rows = [dataclasses.replace(SEGMENTS[0], segment=number) for number in range(count)]
    write_segments(tmp_path, "whole", iter(rows))
    with SegmentWriter(tmp_path / "segments" / "pieces.parquet") as writer:
        for start in range(0, count, 1_000):
            writer.write(rows[start : start + 1_000])
    whole, pieces = (pq.ParquetFile(tmp_path / "segments" / f"{name}.parquet") for name in ("whole", "pieces"))
    sizes = [whole.metadata.row_group(group).num_rows for group in range(whole.num_row_groups)]
    assert sizes == [BATCH] * (count // BATCH) + [count % BATCH] * (count % BATCH > 0)
    assert whole.read() == pieces.read()
    batches = list(read_batches(tmp_path / "segments" / "pieces.parquet"))
    assert [len(batch) for batch in batches] == sizes
    assert [row for batch in batches for row in batch.to_pylist()] == [dataclasses.asdict(row) for row in rows]
    assert (tmp_path / "segments/whole.parquet").read_bytes() == (tmp_path / "segments/pieces.parquet").read_bytes()


def test_an_absent_source_names_those_present(corpus: Corpus) -> None:
    with pytest.raises(ConfigError, match=r"unknown source of the corpus 'cod'.*Did you mean 'code'.*Valid: code"):
        corpus.segments("cod")


def test_a_changed_byte_is_refused_by_file_name(corpus: Corpus) -> None:
    path = corpus.path / "segments" / "code.parquet"
    path.write_bytes(path.read_bytes()[:-1] + b"?")
    with pytest.raises(ArtifactError, match=r"segments/code\.parquet is not what was written"):
        Corpus.open(corpus.path)
