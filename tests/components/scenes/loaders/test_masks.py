"""Masks of COCO's three kinds become the pixels that they state."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageDraw

from inkling.components.artifacts.annotations import to_rle
from inkling.components.scenes.loaders.contract import RecordError
from inkling.components.scenes.loaders.masks import mask_of, polygon, unpacked


def packed(counts: list[int]) -> str:
    """Run lengths as pycocotools packs them (`rleToString` of its maskApi.c)."""
    text = ""
    for place, count in enumerate(counts):
        value, more = count - (counts[place - 2] if place > 2 else 0), True
        while more:
            bits, value = value & 31, value >> 5
            more = value != -1 if bits & 16 else value != 0
            text += chr((bits | 32 if more else bits) + 48)
    return text


@given(pixels=st.lists(st.lists(st.booleans(), min_size=7, max_size=7), min_size=1, max_size=9))
def test_run_lengths_come_back_packed_and_not(pixels: list[list[bool]]) -> None:
    mask = np.array(pixels)
    size = list(mask.shape)
    counts = list(to_rle(mask))
    assert unpacked(packed(counts)) == counts
    for stated in (counts, packed(counts)):
        assert np.array_equal(mask_of({"size": size, "counts": stated}, *size), mask)


@given(counts=st.lists(st.integers(0, 10**6), max_size=9))
def test_numbers_of_any_size_are_unpacked(counts: list[int]) -> None:
    assert unpacked(packed(counts)) == counts


def test_text_that_pycocotools_wrote_is_unpacked() -> None:
    assert packed([6, 1, 40, 4, 5, 4, 5, 4, 21]) == "61X13mN000`0"
    assert unpacked("61X13mN000`0") == [6, 1, 40, 4, 5, 4, 5, 4, 21]


@given(text=st.text(max_size=8))
def test_any_text_is_unpacked_or_refused(text: str) -> None:
    try:
        assert all(isinstance(run, int) for run in unpacked(text))
    except RecordError:
        return


@given(
    corners=st.lists(st.tuples(st.integers(0, 40), st.integers(0, 30)), min_size=3, max_size=7),
)
def test_a_polygon_holds_the_pixels_whose_centres_lie_in_it(corners: list[tuple[int, int]]) -> None:
    """Beside its outline it is what Pillow paints."""
    found = polygon(np.array(corners, np.float64), 30, 40)
    painted, outline = Image.new("1", (40, 30)), Image.new("1", (40, 30))
    moved = [(left - 0.5, top - 0.5) for left, top in corners]
    ImageDraw.Draw(outline).line([*moved, moved[0]], fill=1, width=3)
    ImageDraw.Draw(painted).polygon(moved, fill=1)
    apart = (found != np.asarray(painted)) & ~np.asarray(outline)
    assert not apart.any()


def test_a_polygon_with_too_many_corners_is_refused() -> None:
    with pytest.raises(RecordError, match="has 3 corners"):
        mask_of([[0, 0, 1, 1, 2, 0]], 100_000_000, 1)
    with pytest.raises(RecordError, match="a mask has no polygon"):
        mask_of([], 4, 4)
