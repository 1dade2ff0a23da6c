"""From the bytes of an image to the pixels that an encoder takes; needs no torch, so that a server can use it too."""

import io
import warnings

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError
from pydantic import Field, field_validator

from inkling.models.settings import Section
from inkling.models.vision.viewing import MODES, as_viewed, as_viewed_reduced, covers_all

MAX_BYTES = 20 * 2**20
MAX_PIXELS = 40_000_000
MAX_SIDE = 16_384
_UNFOLDED_PIXELS = {"WEBP": 5_000_000}  # to which any file may unfold: WebP takes most memory to decode
_ANY_UNFOLDED_PIXELS, _PIXELS_A_BYTE = 10_000_000, 3  # to which others may, and by how many more for each byte
_REDUCED_PIXELS = 4_000_000  # what an encoder's input is resized from; larger images are averaged to it first
FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP")


Channels = float | tuple[float, float, float]
"""One number for all three channels, or one each."""


class Preprocessing(Section):
    """How an image becomes the pixels that an encoder takes."""

    image_size: int = Field(gt=0, description="height and width of the pixels")
    mean: Channels = Field(description="subtracted from every 8-bit channel value")
    scale: Channels = Field(description="what the difference is divided by; positive")
    crop: bool = Field(False, description="whether the longer side is cut at both ends, or both are resized alike")

    @field_validator("scale")
    @classmethod
    def _positive(cls, scale: Channels) -> Channels:
        if np.min(scale) <= 0:
            raise ValueError(f"must be positive, got {scale}")
        return scale


class ImageError(ValueError):
    """An image that cannot be used; the message says why and what can."""


def decode(data: bytes, reduced: bool = False) -> Image.Image:
    """Decodes an image of unknown origin to RGB as viewers show it: upright by its EXIF, transparency over white.

    Args:
        data: The bytes of a JPEG, PNG, WebP, GIF or BMP file; of a moving image the first frame is taken.
        reduced: Whether an image of more than 4 million pixels is averaged over squares to at most about so many, in
            a fraction of the memory.

    Raises:
        ImageError: If it is empty, too large in bytes, pixels or a side, unfolds to more pixels than its bytes warrant,
            is of another format, damaged or cut short, or its pixels are of a kind that has no one way to be shown.
    """
    if not data:
        raise ImageError("the image is empty")
    if len(data) > MAX_BYTES:
        raise ImageError(f"the image has {len(data):,} bytes; at most {MAX_BYTES:,} are taken")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of large images, and of damaged EXIF, which is passed over
            with Image.open(io.BytesIO(data), formats=FORMATS) as image:
                _check(image, len(data))
                whole = covers_all(image)
                return as_viewed_reduced(image, _REDUCED_PIXELS) if reduced and whole else as_viewed(image)
    except ImageError:
        raise
    except Image.DecompressionBombError:
        raise ImageError(f"the image has too many pixels; at most {MAX_PIXELS:,} are taken") from None
    except UnidentifiedImageError:
        raise ImageError(f"not an image in one of the formats {', '.join(FORMATS)}") from None
    except (OSError, ValueError, SyntaxError, EOFError, OverflowError) as error:
        raise ImageError(f"the image is damaged: {error}") from None


def resize(image: Image.Image, how: Preprocessing) -> Image.Image:
    """An RGB image in the height and width that an encoder takes."""
    size = (how.image_size, how.image_size)
    if image.size == size:
        return image
    return image.resize(size, Image.Resampling.BICUBIC, _middle(image) if how.crop else None)


def normalise(image: Image.Image, how: Preprocessing) -> NDArray[np.float32]:
    """Resizes an RGB image and scales its values: (3, image_size, image_size), float32."""
    mean, scale = np.asarray(how.mean, np.float32), np.asarray(how.scale, np.float32)  # () or (3,)
    values = (np.asarray(resize(image, how), np.float32) - mean) / scale  # (height, width, 3)
    return np.ascontiguousarray(values.transpose(2, 0, 1))


def preprocess(data: bytes, how: Preprocessing) -> NDArray[np.float32]:
    """Decodes and normalises an image: (3, image_size, image_size), float32.

    Raises:
        ImageError: If the bytes cannot be decoded within the limits.
    """
    return normalise(decode(data, reduced=True), how)


def _check(image: Image.Image, count: int) -> None:
    """Refuses an opened image that its bytes, so many, would unfold to too much of, before it is loaded."""
    width, height = image.size
    if width * height > MAX_PIXELS:
        raise ImageError(f"the image has {width} x {height} pixels; at most {MAX_PIXELS:,} are taken")
    if max(width, height) > MAX_SIDE:
        raise ImageError(f"the image has {width} x {height} pixels; a side may have {MAX_SIDE:,}")
    unfolded = _UNFOLDED_PIXELS.get(str(image.format), _ANY_UNFOLDED_PIXELS) + _PIXELS_A_BYTE * count
    if width * height > unfolded:
        raise ImageError(
            f"the image's {count:,} bytes unfold to {width} x {height} pixels, as no photograph's do; "
            f"at most {unfolded:,} are taken of so few"
        )
    if width * height > _REDUCED_PIXELS and not covers_all(image):
        raise ImageError(f"the first frame of the GIF fills only a part of its {width} x {height} pixels")
    if image.mode not in MODES:
        raise ImageError(
            f"the image's pixels are of Pillow's mode {image.mode}, of which nothing says how to show it; "
            "save it with 8 or 16 bits a channel"
        )


def _middle(image: Image.Image) -> tuple[float, float, float, float]:
    """The largest square in the middle of an image: left, upper, right, lower."""
    side = min(image.size)
    left, upper = ((length - side) / 2 for length in image.size)
    return (left, upper, left + side, upper + side)
