"""Segmentations become masks: polygons by the centres of pixels, run lengths plain and packed."""

from typing import Any

import numpy as np
import pytest

from inkling.components.artifacts.annotations import to_rle
from inkling.components.suites.existence.masks import mask_of, unpacked
from inkling.tests.components.suites.existence.coco import packed


def inside(polygon: list[float], x: float, y: float) -> bool:
    """Whether a point lies within a polygon, by counting the edges to its right."""
    corners = list(zip(polygon[::2], polygon[1::2], strict=True))
    crossings = 0
    for (x0, y0), (x1, y1) in zip(corners, corners[1:] + corners[:1], strict=True):
        if (y0 <= y) != (y1 <= y) and x0 + (y - y0) * (x1 - x0) / (y1 - y0) > x:
            crossings += 1
    return crossings % 2 == 1


def test_a_polygon_covers_the_pixels_whose_centres_it_holds() -> None:
    random = np.random.default_rng(0)
    for _ in range(40):
        polygon = random.uniform(-4, 20, 2 * int(random.integers(3, 9))).tolist()
        expected = [[inside(polygon, x + 0.5, y + 0.5) for x in range(16)] for y in range(12)]
        assert np.array_equal(mask_of([polygon], 12, 16), np.array(expected))


def test_polygons_of_one_object_add_up() -> None:
    mask = mask_of([[0, 0, 2, 0, 2, 2, 0, 2], [1, 1, 3, 1, 3, 3, 1, 3]], 4, 4)
    assert mask.sum() == 7 and mask[2, 2] and not mask[0, 2]


def test_run_lengths_give_back_their_mask_plain_and_packed() -> None:
    random = np.random.default_rng(1)
    for share in (0.0, 0.02, 0.5, 1.0):
        mask = random.random((37, 53)) < share
        runs = list(to_rle(mask))
        for counts in (runs, packed(runs)):
            assert np.array_equal(mask_of({"size": [37, 53], "counts": counts}, 37, 53), mask)


def test_what_pycocotools_packs_is_read() -> None:
    # its `encode` of rows 5 to 19 of columns 10 to 29 but for two pixels, and its `frPyObjects` of a polygon
    mask = np.zeros((30, 40), np.bool_)
    mask[5:20, 10:30] = True
    mask[7:9, 12] = False
    assert unpacked("a9??00CC9=400000000000000000000000000000000W9") == list(to_rle(mask))
    theirs = {"size": [30, 40], "counts": "a91m01O1O2N1O1O2N100O2N1O1O2NN2N2N2N2N2N2NX9"}
    ours = mask_of([[10.2, 5.1, 30.7, 6.0, 22.5, 21.9]], 30, 40)
    assert mask_of(theirs, 30, 40).sum() == 164
    assert (mask_of(theirs, 30, 40) ^ ours).sum() <= 12  # of pixels on the edge, which it rounds otherwise


@pytest.mark.parametrize(
    ("segmentation", "words"),
    [
        ("polygon", "neither a list of polygons nor run lengths"),
        ([[0, 0, 1, 1]], "a polygon has 4 numbers"),
        ([[0, 0, 1, 1, 2, 2, 3]], "a polygon has 7 numbers"),
        ([[0, 0, 1, "a", 2, 2]], "something else than numbers"),
        ([[0, 0, 1, float("nan"), 2, 2]], "a polygon has 6 numbers"),
        ({"size": [4, 5], "counts": [20]}, r"size \[4, 5\], and the picture is of \[4, 4\]"),
        ({"size": [4, 4], "counts": [15]}, "run lengths of 15 pixels"),
        ({"size": [4, 4], "counts": [20, -4]}, "run lengths of 16 pixels"),
        ({"size": [4, 4], "counts": None}, "neither a list of whole numbers nor text"),
        ({"size": [4, 4], "counts": "P"}, "cut short"),
        ({"size": [4, 4], "counts": "!"}, "packed run lengths hold '!'"),
    ],
)
def test_what_is_no_segmentation_is_refused(segmentation: Any, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        mask_of(segmentation, 4, 4)
