"""Drawings larger than the picture: where to look at one so that it covers a share of the picture's pixels."""

from dataclasses import replace
from functools import lru_cache

import numpy as np

from inkling.components.scenes import assets
from inkling.components.scenes.scene import SIDE, SceneObject

_STEP, _NEAREST = 0.93, 0.25  # of the sides of the windows that are tried; the least, as a share of the whole drawing


def zoomed(item: SceneObject, share: float) -> SceneObject | None:
    """Scales and moves a drawing so that it covers about a share of the picture; as little as it takes goes beyond it.

    Returns:
        The drawing in its place, its area not yet counted; None if it would have to be seen from nearer than a quarter
        of its longer side.
    """
    assert item.glyph is not None, "only drawings are zoomed"
    side, window = next(((side, place) for side, covered, place in _windows(item.glyph) if covered >= share), (0, None))
    if window is None:
        return None
    width, height = assets.drawing(item.glyph).size
    longer, scale = max(width, height), SIDE / side
    left = round(((longer - width) // 2 - window[0]) * scale)
    top = round(((longer - height) // 2 - window[1]) * scale)
    wide, high = round(width * scale), round(height * scale)
    left = SIDE - left - wide if item.flipped else left
    return replace(item, left=left, top=top, width=wide, height=high)


@lru_cache(maxsize=512)
def _windows(glyph: str) -> tuple[tuple[int, float, tuple[int, int]], ...]:
    """Square windows on a drawing, from the whole one inwards.

    Returns:
        Of each its side in the drawing's pixels, the most that the drawing covers of one of that side, and where that
        one begins, from the left and from the top of the square that the drawing is centred in.
    """
    drawing = np.asarray(assets.drawing(glyph).getchannel("A")) > 127  # (height, width)
    height, width = drawing.shape
    longer = max(height, width)
    top, left = (longer - height) // 2, (longer - width) // 2
    square = np.zeros((longer, longer), np.int64)
    square[top : top + height, left : left + width] = drawing
    sums = np.pad(square.cumsum(0).cumsum(1), ((1, 0), (1, 0)))  # (longer + 1, longer + 1)
    found, side = [], longer
    while side > _NEAREST * longer:
        covered = sums[side:, side:] - sums[:-side, side:] - sums[side:, :-side] + sums[:-side, :-side]
        row, column = np.unravel_index(int(covered.argmax()), covered.shape)
        found.append((side, float(covered[row, column]) / side**2, (int(column), int(row))))
        side = int(side * _STEP)
    return tuple(found)
