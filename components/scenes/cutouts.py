"""Drawings and shapes cut out, and the pixels of the picture that each covers."""

import math
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from inkling.components.scenes import assets
from inkling.components.scenes.catalogue import catalogue
from inkling.components.scenes.scene import SIDE, SceneObject

_FINE = 4  # shapes are drawn this many times larger and reduced, for smooth edges
SHAPE_COVERAGE = {"circle": math.pi / 4, "square": 1.0, "triangle": 0.5, "star": 0.385, "heart": 0.61, "cross": 5 / 9}
"""Share of its box that a shape covers; measured for star and heart."""


def cutout(item: SceneObject) -> Image.Image:
    """A drawing or shape as it is painted: RGBA, of the size of its box."""
    if item.glyph is not None:
        return _drawing(item.glyph, item.width, item.height, item.flipped)
    assert item.colour is not None, "a shape has a colour"
    return _shape(item.word, item.colour, (item.width, item.height))


def mask(item: SceneObject) -> NDArray[np.bool_]:
    """The pixels of the picture that an item covers by more than half, (SIDE, SIDE)."""
    canvas = Image.new("L", (SIDE, SIDE), 0)
    canvas.paste(cutout(item).getchannel("A"), (item.left, item.top))
    return np.asarray(canvas) > 127


@lru_cache(maxsize=8)
def _drawing(glyph: str, width: int, height: int, flipped: bool) -> Image.Image:
    cut = assets.drawing(glyph).resize((width, height), Image.Resampling.LANCZOS)
    return cut.transpose(Image.Transpose.FLIP_LEFT_RIGHT) if flipped else cut


def _shape(word: str, colour: str, size: tuple[int, int]) -> Image.Image:
    width, height = size[0] * _FINE, size[1] * _FINE
    alpha = Image.new("L", (width, height), 0)
    draw = ImageDraw.Draw(alpha)
    if word == "circle":
        draw.ellipse((0, 0, width - 1, height - 1), fill=255)
    else:
        draw.polygon([(x * (width - 1), y * (height - 1)) for x, y in _OUTLINES[word]], fill=255)
    alpha = alpha.resize(size, Image.Resampling.BOX)
    cut = Image.new("RGBA", size, catalogue().colours[colour])
    cut.putalpha(alpha)
    return cut


def _star() -> list[tuple[float, float]]:
    points = [(math.sin(k * math.pi / 5), -math.cos(k * math.pi / 5)) for k in range(10)]
    return _fit([(x * r, y * r) for k, (x, y) in enumerate(points) for r in [1 if k % 2 == 0 else 0.45]])


def _heart() -> list[tuple[float, float]]:
    steps = [2 * math.pi * k / 60 for k in range(60)]
    return _fit(
        [
            (16 * math.sin(t) ** 3, -(13 * math.cos(t) - 5 * math.cos(2 * t) - 2 * math.cos(3 * t) - math.cos(4 * t)))
            for t in steps
        ]
    )


def _fit(points: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """Moves and scales points to fill the unit square."""
    (left, right), (top, bottom) = ((min(axis), max(axis)) for axis in zip(*points, strict=True))
    return [((x - left) / (right - left), (y - top) / (bottom - top)) for x, y in points]


_OUTLINES: dict[str, list[tuple[float, float]]] = {
    "square": [(0, 0), (1, 0), (1, 1), (0, 1)],
    "triangle": [(0.5, 0), (1, 1), (0, 1)],
    "cross": [(a / 3, b / 3) for a, b in
              ((1, 0), (2, 0), (2, 1), (3, 1), (3, 2), (2, 2), (2, 3), (1, 3), (1, 2), (0, 2), (0, 1), (1, 1))],
    "star": _star(),
    "heart": _heart(),
}  # fmt: skip
