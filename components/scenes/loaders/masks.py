"""Masks as COCO states them (Lin et al. 2014, arXiv 1405.0312): polygons, and run lengths, packed or not."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from inkling.components.artifacts.annotations import from_rle
from inkling.components.scenes.loaders.contract import RecordError

Mask = NDArray[np.bool_]
_MOST = 100_000_000  # vertices times rows of a polygon


def mask_of(segmentation: Any, height: int, width: int) -> Mask:
    """The pixels of a `segmentation`, (height, width).

    A pixel belongs to a polygon if its centre does; COCO's own tools round at five times the resolution, which moves
    an edge by less than a pixel. Several polygons are parts of one thing.

    Args:
        segmentation: A list of polygons, or an object with `size` and `counts`: a list, or text as pycocotools packs.
        height: Rows of the picture.
        width: Columns.

    Raises:
        RecordError: If it is neither, or of a picture of another size.
    """
    if isinstance(segmentation, list):
        if not segmentation:
            raise RecordError("a mask has no polygon")
        return np.logical_or.reduce([polygon(_points(one, height, width), height, width) for one in segmentation])
    if not isinstance(segmentation, dict) or segmentation.get("size") != [height, width]:
        raise RecordError(f"a mask is no list of polygons and no run lengths of {height} x {width} pixels")
    counts = segmentation.get("counts")
    runs = unpacked(counts) if isinstance(counts, str) else counts
    if not isinstance(runs, list) or not all(type(run) is int for run in runs):
        raise RecordError("the `counts` of a mask are no numbers")
    try:
        return from_rle(runs, height, width)
    except ValueError as error:
        raise RecordError(str(error)) from None


def unpacked(text: str) -> list[int]:
    """Run lengths out of text as pycocotools packs them: five bits a character, from the third on as differences.

    Raises:
        RecordError: If the text ends within a number or is none.
    """
    runs: list[int] = []
    value = shift = 0
    for character in text:
        bits = ord(character) - 48
        if not 0 <= bits < 64 or shift > 40:
            raise RecordError(f"the `counts` of a mask hold {character!r}, which stands for no number")
        value |= (bits & 31) << shift
        shift += 5
        if bits & 32:
            continue
        if bits & 16:
            value -= 1 << shift
        runs.append(value + (runs[-2] if len(runs) > 2 else 0))
        value = shift = 0
    if shift:
        raise RecordError("the `counts` of a mask end within a number")
    return runs


def polygon(points: NDArray[np.float64], height: int, width: int) -> Mask:
    """The pixels whose centres lie within a polygon, (height, width), by the even-odd rule.

    Args:
        points: Its corners (corners, 2), from the left and from the top in pixels.
        height: Rows of the picture.
        width: Columns.
    """
    x, y = points.T
    next_x, next_y = np.roll(points, -1, 0).T
    rows = np.arange(height) + 0.5
    row, edge = np.nonzero((y <= rows[:, None]) != (next_y <= rows[:, None]))  # (height, corners)
    crossing = x[edge] + (rows[row] - y[edge]) * (next_x - x)[edge] / (next_y - y)[edge]
    column = np.clip(np.ceil(crossing - 0.5), 0, width).astype(np.int64)
    turns = np.zeros((height, width + 1), np.int64)
    np.add.at(turns, (row, column), 1)
    inside: Mask = turns.cumsum(1)[:, :width] % 2 == 1
    return inside


def _points(stated: Any, height: int, width: int) -> NDArray[np.float64]:
    numbers = stated if isinstance(stated, list) else []
    if len(numbers) < 6 or len(numbers) % 2 or not all(type(one) in (int, float) for one in numbers):
        raise RecordError("a polygon is no list of at least three pairs of numbers")
    points = np.array(numbers, np.float64).reshape(-1, 2)
    if not np.isfinite(points).all() or np.abs(points).max() > 10 * max(height, width):
        raise RecordError("a polygon lies far outside of its picture")
    if len(points) * height > _MOST:
        raise RecordError(f"a polygon has {len(points):,} corners")
    return points
