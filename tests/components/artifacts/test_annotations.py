"""Annotations are read as written; masks survive their run lengths; what cannot be is refused."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from inkling.components.artifacts.annotations import (
    AnnotatedObject,
    ImageAnnotation,
    from_rle,
    read_annotations,
    to_rle,
    write_annotations,
)
from inkling.components.shared.store.manifest import ArtifactError

STAR = AnnotatedObject("shape", "star", "red", "", (1.0, 0.0, 2.0, 2.0), 0.5, depth=0, counts=(2, 3, 1))
SIGN = AnnotatedObject("sign", "sign", "", "stop", (0.0, 0.0, 3.0, 2.0), 0.25, depth=1)
PICTURES = [ImageAnnotation("a", 3, 2, (STAR, SIGN), "b", "colour"), ImageAnnotation("b", 3, 2, ())]


def test_annotations_are_read_as_written(tmp_path: Path) -> None:
    write_annotations(tmp_path, PICTURES)
    read = read_annotations(tmp_path)
    assert list(read.values()) == PICTURES and list(read) == ["a", "b"]
    assert read["a"].mask(0).tolist() == [[False, True, True], [False, True, False]]


def test_pictures_may_have_none(tmp_path: Path) -> None:
    write_annotations(tmp_path, [])
    assert read_annotations(tmp_path) == {}


@given(arrays(bool, array_shapes(min_dims=2, max_dims=2, max_side=9)))
def test_a_mask_survives_its_run_lengths(mask: np.ndarray) -> None:
    counts = to_rle(mask)
    assert np.array_equal(from_rle(counts, *mask.shape), mask)
    assert sum(counts[1::2]) == mask.sum()
    assert all(count > 0 for count in counts[1:])


@given(st.lists(st.integers(0, 5), max_size=6))
def test_run_lengths_of_another_size_are_refused(counts: list[int]) -> None:
    with pytest.raises(ValueError, match="no mask of 7 x 11"):
        from_rle(counts, 7, 11)


def test_what_cannot_be_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="unknown kind of object 'cloud'"):
        AnnotatedObject("cloud", "x", "", "", (0, 0, 1, 1), 0.1)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="its area is 30"):
        AnnotatedObject("object", "x", "", "", (0, 0, 1, 1), 30)
    with pytest.raises(ArtifactError, match=r"annotations\.parquet cannot be read"):
        read_annotations(tmp_path)
    pq.write_table(pa.table({"x": [1]}), tmp_path / "annotations.parquet")
    with pytest.raises(ArtifactError, match="other columns"):
        read_annotations(tmp_path)
