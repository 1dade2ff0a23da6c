"""A stored image as a viewer shows it: 8-bit sRGB, turned upright, what is transparent over white."""

import io
import math
import struct
from typing import Any

import numpy as np
from PIL import ExifTags, Image, ImageCms

MODES = ("1", "L", "P", "RGB", "RGBX", "CMYK", "LA", "PA", "RGBA", "I;16", "I;16B", "I;16L")
"""Pillow's kinds of pixels that have one meaning; of others (I, F) no file says which values are black and white."""
_GREY = ("1", "L", "LA", "I;16", "I;16B", "I;16L")
_STEPS = {"L;2": 85, "L;4": 17}
_SPACES = {"GRAY": "L", "RGB": "RGB", "CMYK": "CMYK"}
_STRIP_PIXELS = 1 << 20  # that are shown at a time where an image is reduced
_TURNED = {
    2: Image.Transpose.FLIP_LEFT_RIGHT, 3: Image.Transpose.ROTATE_180, 4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE, 6: Image.Transpose.ROTATE_270, 7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}  # fmt: skip


def as_viewed(image: Image.Image) -> Image.Image:
    """The pixels that a viewer shows of an opened image, RGB.

    Of 16 bits a channel the upper 8 are kept. Transparent pixels lie over white. Colours are taken from an embedded
    ICC profile to sRGB, and the orientation from EXIF; a damaged or unfitting profile or EXIF is passed over, as
    viewers do.

    Args:
        image: The first frame of an image in one of `MODES`, as `Image.open` gives it.
    """
    _scale_transparency(image)
    return _upright(_shown(image), image)


def as_viewed_reduced(image: Image.Image, pixels: int) -> Image.Image:
    """The pixels that a viewer shows, averaged over squares so that at most about so many remain; RGB.

    The whole image is held once, as it was decoded; what else is needed to show it is made of a few rows at a time. A
    JPEG is decoded at a smaller size from the start.

    Args:
        image: As `as_viewed` takes it; not a GIF whose first frame leaves out a part of it.
        pixels: How many may remain.
    """
    _scale_transparency(image)
    factor = _factor(image.size, pixels)
    if factor > 1 and image.format == "JPEG":
        image.draft(None, (image.width // factor, image.height // factor))
        factor = _factor(image.size, pixels)
    reduced = Image.new("RGB", (-(-image.width // factor), -(-image.height // factor)))
    image.load()
    rows = max(_STRIP_PIXELS // (image.width * factor), 1) * factor
    for top in range(0, image.height, rows):
        strip = image.crop((0, top, image.width, min(top + rows, image.height)))
        shown = _shown(strip)
        reduced.paste(shown.reduce(factor) if factor > 1 else shown, (0, top // factor))
    return _upright(reduced, image)


def covers_all(image: Image.Image) -> bool:
    """Whether the first frame of an image, not yet loaded, fills it; in a GIF it may not."""
    return image.format != "GIF" or _tile(image)[1] == (0, 0, *image.size)


def _factor(size: tuple[int, int], pixels: int) -> int:
    """By what to divide both sides so that about so many pixels remain."""
    return max(math.ceil(math.sqrt(size[0] * size[1] / pixels) - 0.05), 1)


def _shown(image: Image.Image) -> Image.Image:
    """The colours of an image, RGB, with what is transparent over white; not turned."""
    opaque, alpha = _without_alpha(image)
    shown = _in_srgb(opaque, image)
    if alpha is not None:
        shown.putalpha(alpha)
        shown = Image.alpha_composite(Image.new("RGBA", shown.size, "white"), shown).convert("RGB")
    return shown


def _upright(shown: Image.Image, image: Image.Image) -> Image.Image:
    turned = _TURNED.get(_orientation(image))
    return shown if turned is None else shown.transpose(turned)


def _tile(image: Image.Image) -> Any:
    """Known only before the pixels are loaded: what of the image the frame covers, and how PNG packs its values."""
    return (getattr(image, "tile", None) or [(None, (0, 0, *image.size), 0, None)])[0]


def _scale_transparency(image: Image.Image) -> None:
    """Brings the transparent colour of a PNG, given at the file's bits, to the 8 that its pixels will have."""
    raw, colour = _tile(image)[3], image.info.get("transparency")
    if raw in _STEPS and colour is not None:
        image.info["transparency"] = colour * _STEPS[raw]
    elif raw == "RGB;16B" and colour is not None:
        image.info["transparency"] = tuple(value >> 8 for value in colour)


def _without_alpha(image: Image.Image) -> tuple[Image.Image, Image.Image | None]:
    """The colours of an image at 8 bits a channel, and its alpha channel if anything can be transparent."""
    covered, whole = _tile(image)[1], covers_all(image)
    colour = image.info.get("transparency")
    if image.mode.startswith("I;16"):
        values = np.asarray(image)  # (height, width), 16 bits
        alpha = None if colour is None else Image.fromarray(np.where(values == colour, 0, 255).astype(np.uint8))
        return Image.fromarray((values >> 8).astype(np.uint8)), alpha
    if whole and colour is None and image.mode not in ("RGBA", "LA", "PA"):
        return image, None
    coloured = image.convert("RGBA")
    alpha = coloured.getchannel("A")
    if not whole:  # a first frame smaller than its screen, the rest of which is empty
        alpha, drawn = Image.new("L", image.size, 0), alpha.crop(covered)
        alpha.paste(drawn, covered[:2])
    return coloured.convert("RGB"), alpha


def _in_srgb(opaque: Image.Image, image: Image.Image) -> Image.Image:
    """The colours by the ICC profile of the image that they were taken from, if there is one that fits them."""
    profile = image.info.get("icc_profile")
    kind = "CMYK" if image.mode == "CMYK" else "L" if image.mode in _GREY else "RGB"
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile)) if profile else None
        mode = _SPACES.get(source.profile.xcolor_space.strip()) if source else None
        if source and (mode == kind or (mode, kind) == ("RGB", "L")):
            srgb = ImageCms.createProfile("sRGB")
            managed = ImageCms.profileToProfile(opaque.convert(mode), source, srgb, outputMode="RGB")
            assert managed is not None
            return managed
    except (ImageCms.PyCMSError, OSError, ValueError):
        pass
    return opaque.convert("RGB")


def _orientation(image: Image.Image) -> Any:
    try:
        return image.getexif().get(ExifTags.Base.Orientation)
    except (SyntaxError, struct.error, ValueError, LookupError, TypeError, OSError, OverflowError):
        return None
