"""COCO's `segmentation` of an annotation as a mask: polygons, run lengths, and run lengths packed into text."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inkling.components.artifacts.annotations import from_rle


def mask_of(segmentation: Any, height: int, width: int) -> NDArray[np.bool_]:
    """The pixels that an annotation covers, (height, width).

    Args:
        segmentation: A list of polygons `[x, y, x, y, ...]` in pixels, or `{"size": [height, width], "counts": ...}`
            with run lengths down the columns as a list or as the text that pycocotools writes.
        height: Of the picture, in pixels.
        width: Of the picture, in pixels.

    Raises:
        ValueError: If it is neither, or of a picture of another size.
    """
    if isinstance(segmentation, Mapping):
        return _from_runs(segmentation, height, width)
    if not isinstance(segmentation, Sequence) or isinstance(segmentation, str) or not segmentation:
        raise ValueError("its segmentation is neither a list of polygons nor run lengths")
    mask = np.zeros((height, width), np.bool_)
    for polygon in segmentation:
        mask |= _filled(_corners(polygon), height, width)
    return mask


def _from_runs(segmentation: Mapping[str, Any], height: int, width: int) -> NDArray[np.bool_]:
    size, counts = segmentation.get("size"), segmentation.get("counts")
    if size != [height, width]:
        raise ValueError(f"its run lengths are of size {size}, and the picture is of [{height}, {width}]")
    runs = unpacked(counts) if isinstance(counts, str) else counts
    if not isinstance(runs, list) or not all(type(run) is int for run in runs):
        raise ValueError("its run lengths are neither a list of whole numbers nor text")
    return from_rle(runs, height, width)


def unpacked(text: str) -> list[int]:
    """Run lengths out of the text that COCO's tools pack them into.

    Six bits a character from `0` on: five of a number, lowest first, and whether more follow; from the fourth run on
    the difference to the run before the last (`rleFrString` of cocoapi's maskApi.c).

    Raises:
        ValueError: If the text ends within a number, or holds another character.
    """
    runs: list[int] = []
    number, shift = 0, 0
    for character in text:
        bits = ord(character) - 48
        if not 0 <= bits < 64:
            raise ValueError(f"its packed run lengths hold {character!r}")
        number |= (bits & 31) << shift
        shift += 5
        if bits & 32:
            continue
        if bits & 16:
            number -= 1 << shift
        runs.append(number + (runs[-2] if len(runs) > 2 else 0))
        number, shift = 0, 0
    if shift:
        raise ValueError("its packed run lengths are cut short")
    return runs


def _corners(polygon: Any) -> NDArray[np.float64]:
    """The corners of a polygon, (corners, 2): x and y in pixels."""
    try:
        flat = np.asarray(polygon, np.float64)
    except (TypeError, ValueError):
        raise ValueError("a polygon holds something else than numbers") from None
    if flat.ndim != 1 or len(flat) < 6 or len(flat) % 2 or not np.isfinite(flat).all():
        raise ValueError(f"a polygon has {flat.size} numbers, and x and y of three corners or more are needed")
    return flat.reshape(-1, 2)


def _filled(corners: NDArray[np.float64], height: int, width: int) -> NDArray[np.bool_]:
    """The pixels whose centres lie within a polygon by the even-odd rule, (height, width)."""
    after = np.roll(corners, -1, axis=0)
    centres = np.arange(height) + 0.5
    crossed = (corners[:, 1, None] <= centres) != (after[:, 1, None] <= centres)  # (edges, rows)
    edges, rows = np.nonzero(crossed)
    start, step = corners[edges], (after - corners)[edges]
    across = start[:, 0] + (centres[rows] - start[:, 1]) * step[:, 0] / step[:, 1]  # x where an edge crosses a row
    columns = np.clip(np.ceil(across - 0.5), 0, width).astype(np.int64)  # the first pixel right of it
    crossings = np.zeros((height, width + 1), np.int32)
    np.add.at(crossings, (rows, columns), 1)
    inside: NDArray[np.bool_] = crossings.cumsum(1)[:, :width] % 2 == 1
    return inside
