"""Draws a scene: a JPEG of 224 by 224 pixels, the same bytes wherever it is drawn."""

import io

import numpy as np
from PIL import Image, ImageDraw

from inkling.components.scenes import assets
from inkling.components.scenes.catalogue import catalogue
from inkling.components.scenes.cutouts import cutout
from inkling.components.scenes.scene import SIDE, Background, Bar, Scene, Sign

_QUALITY = 90
_TEXTURE = 0.45  # how strongly a photograph shows
_OUTLINE = (20, 20, 20)
_ROUNDING = 6  # radius of a sign's corners
_CHART = (16, 20, 208, 204)  # left, top, right, bottom of a chart's axes


def render(scene: Scene) -> bytes:
    """Draws a scene as JPEG."""
    stored = io.BytesIO()
    paint(scene).save(stored, "JPEG", quality=_QUALITY)
    return stored.getvalue()


def paint(scene: Scene) -> Image.Image:
    """Draws a scene: items in their order, later ones in front, then the sign and the chart."""
    image = _background(scene.background)
    for item in scene.items:
        cut = cutout(item)
        image.paste(cut, (item.left, item.top), cut)
    if scene.sign:
        _draw_sign(image, scene.sign)
    if scene.bars:
        _draw_chart(image, scene.bars)
    return image


def sign_mask(sign: Sign) -> Image.Image:
    """The board of a sign: white on black, of the picture's size."""
    board = Image.new("L", (SIDE, SIDE), 0)
    ImageDraw.Draw(board).rounded_rectangle(_edge(sign), _ROUNDING, fill=255)
    return board


def bar_edges(bars: tuple[Bar, ...]) -> list[tuple[int, int, int, int]]:
    """Left, top, right and bottom of each bar of a chart in pixels, the last of them inside."""
    left, top, right, bottom = _CHART
    slot = (right - left) / len(bars)
    starts = [left + index * slot for index in range(len(bars))]
    return [
        (round(start + 0.14 * slot), round(bottom - bar.height * (bottom - top)), round(start + 0.86 * slot), bottom)
        for start, bar in zip(starts, bars, strict=True)
    ]


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


def _draw_sign(image: Image.Image, sign: Sign) -> None:
    left, top, width, height = sign.box
    draw = ImageDraw.Draw(image)
    draw.rounded_rectangle(_edge(sign), _ROUNDING, fill=sign.board, outline=sign.ink, width=3)
    text = sign.text.upper() if sign.capitals else sign.text
    first = draw.textbbox((0, 0), text, font=assets.typeface(sign.font, height), anchor="ls")
    share = min((width - 16) / (first[2] - first[0]), (height - 14) / (first[3] - first[1]))
    size = min(height, int(height * share) + 2)  # a little larger than what fits, by the box at the board's own height
    while True:
        font = assets.typeface(sign.font, size)
        box = draw.textbbox((0, 0), text, font=font, anchor="ls")
        if box[2] - box[0] <= width - 16 and box[3] - box[1] <= height - 14:
            break
        size -= 1
    x, y = left + (width - box[0] - box[2]) / 2, top + (height - box[1] - box[3]) / 2
    draw.text((x, y), text, font=font, fill=sign.ink, anchor="ls")


def _edge(sign: Sign) -> tuple[int, int, int, int]:
    left, top, width, height = sign.box
    return left, top, left + width, top + height


def _draw_chart(image: Image.Image, bars: tuple[Bar, ...]) -> None:
    left, top, right, bottom = _CHART
    draw = ImageDraw.Draw(image)
    draw.rectangle((left - 8, top - 8, right + 8, bottom + 8), fill=(252, 252, 252))
    for bar, edge in zip(bars, bar_edges(bars), strict=True):
        draw.rectangle(edge, fill=catalogue().colours[bar.colour], outline=_OUTLINE)
    draw.line((left, top, left, bottom, right, bottom), fill=_OUTLINE, width=2)
