"""Draws a scene: a JPEG of 224 by 224 pixels, the same bytes wherever it is drawn."""

import io
import math

import numpy as np
from PIL import Image, ImageDraw

from inkling.components.scenes import assets
from inkling.components.scenes.catalogue import catalogue
from inkling.components.scenes.scene import SIDE, Background, Bar, Scene, SceneObject, Sign

_QUALITY = 90
_FINE = 4  # shapes are drawn this many times larger and reduced, for smooth edges
_TEXTURE = 0.45  # how strongly a photograph shows
_OUTLINE = (20, 20, 20)
_CHART = (16, 20, 208, 204)  # left, top, right, bottom of a chart's axes
SHAPE_COVERAGE = {"circle": math.pi / 4, "square": 1.0, "triangle": 0.5, "star": 0.385, "heart": 0.61, "cross": 5 / 9}
"""Share of its box that a shape covers; measured for star and heart."""


def render(scene: Scene) -> bytes:
    """Draws a scene as JPEG."""
    image = _background(scene.background)
    for item in scene.items:
        cutout = _shape(item) if item.glyph is None else _drawing(item)
        image.paste(cutout, (item.left, item.top), cutout)
    if scene.sign:
        _draw_sign(image, scene.sign)
    if scene.bars:
        _draw_chart(image, scene.bars)
    stored = io.BytesIO()
    image.save(stored, "JPEG", quality=_QUALITY)
    return stored.getvalue()


def _background(background: Background) -> Image.Image:
    ends = np.array(background.tints, np.float64)
    ramp = np.linspace(0, 1, SIDE)[:, None]
    line = ends[0] * (1 - ramp) + ends[1] * ramp
    plane = np.repeat(line[:, None] if background.upright else line[None], SIDE, axis=1 if background.upright else 0)
    if background.photograph:
        plane = plane * (1 - _TEXTURE + _TEXTURE * _crop(background.photograph, background.crop))
    return Image.fromarray(np.clip(plane, 0, 255).astype(np.uint8))


def _crop(file: str, crop: tuple[float, float, float]) -> np.ndarray:
    """A square of a photograph in greys between 0 and 1, (SIDE, SIDE, 1)."""
    photograph = assets.photograph(file)
    side = round(crop[2] * min(photograph.size))
    left, top = (round(share * (length - side)) for share, length in zip(crop[:2], photograph.size, strict=True))
    square = photograph.resize((SIDE, SIDE), Image.Resampling.BICUBIC, (left, top, left + side, top + side))
    return np.asarray(square, np.float64)[..., None] / 255


def _drawing(item: SceneObject) -> Image.Image:
    assert item.glyph is not None
    cutout = assets.drawing(item.glyph).resize((item.width, item.height), Image.Resampling.LANCZOS)
    return cutout.transpose(Image.Transpose.FLIP_LEFT_RIGHT) if item.flipped else cutout


def _shape(item: SceneObject) -> Image.Image:
    assert item.colour is not None
    width, height = item.width * _FINE, item.height * _FINE
    mask = Image.new("L", (width, height), 0)
    draw = ImageDraw.Draw(mask)
    if item.word == "circle":
        draw.ellipse((0, 0, width - 1, height - 1), fill=255)
    else:
        draw.polygon([(x * (width - 1), y * (height - 1)) for x, y in _OUTLINES[item.word]], fill=255)
    mask = mask.resize((item.width, item.height), Image.Resampling.BOX)
    cutout = Image.new("RGBA", (item.width, item.height), catalogue().colours[item.colour])
    cutout.putalpha(mask)
    return cutout


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


def _draw_sign(image: Image.Image, sign: Sign) -> None:
    left, top, width, height = sign.box
    draw = ImageDraw.Draw(image)
    edge = (left, top, left + width, top + height)
    draw.rounded_rectangle(edge, 6, fill=sign.board, outline=sign.ink, width=3)
    text = sign.text.upper() if sign.capitals else sign.text
    size = height
    while True:
        font = assets.typeface(sign.font, size)
        box = draw.textbbox((0, 0), text, font=font, anchor="ls")
        if box[2] - box[0] <= width - 16 and box[3] - box[1] <= height - 14:
            break
        size -= 1
    x, y = left + (width - box[0] - box[2]) / 2, top + (height - box[1] - box[3]) / 2
    draw.text((x, y), text, font=font, fill=sign.ink, anchor="ls")


def _draw_chart(image: Image.Image, bars: tuple[Bar, ...]) -> None:
    left, top, right, bottom = _CHART
    draw = ImageDraw.Draw(image)
    draw.rectangle((left - 8, top - 8, right + 8, bottom + 8), fill=(252, 252, 252))
    slot = (right - left) / len(bars)
    for index, bar in enumerate(bars):
        start = left + index * slot
        edge = (
            round(start + 0.14 * slot),
            round(bottom - bar.height * (bottom - top)),
            round(start + 0.86 * slot),
            bottom,
        )
        draw.rectangle(edge, fill=catalogue().colours[bar.colour], outline=_OUTLINE)
    draw.line((left, top, left, bottom, right, bottom), fill=_OUTLINE, width=2)
