"""From the bytes of a picture to the pixels that an encoder takes; needs no torch, so that a server can use it too."""

import io
import warnings

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from inkling.models.vision.config import EncoderConfig

MAX_BYTES = 20 * 2**20
MAX_PIXELS = 40_000_000
FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP")


class ImageError(ValueError):
    """A picture that cannot be used; the message says why and what can."""


def decode(data: bytes) -> Image.Image:
    """Decodes a picture of unknown origin to RGB, transparency over white.

    Args:
        data: The bytes of a JPEG, PNG, WebP, GIF (its first frame) or BMP file.

    Raises:
        ImageError: If it is empty, too large in bytes or pixels, of another format, damaged or cut short.
    """
    if not data:
        raise ImageError("the picture is empty")
    if len(data) > MAX_BYTES:
        raise ImageError(f"the picture has {len(data):,} bytes; at most {MAX_BYTES:,} are taken")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(data), formats=FORMATS) as image:
                width, height = image.size
                if width * height > MAX_PIXELS:
                    raise ImageError(f"the picture has {width} x {height} pixels; at most {MAX_PIXELS:,} are taken")
                return _to_rgb(image)
    except ImageError:
        raise
    except Image.DecompressionBombError:
        raise ImageError(f"the picture has too many pixels; at most {MAX_PIXELS:,} are taken") from None
    except UnidentifiedImageError:
        raise ImageError(f"not a picture in one of the formats {', '.join(FORMATS)}") from None
    except (OSError, ValueError, SyntaxError, EOFError, OverflowError) as error:
        raise ImageError(f"the picture is damaged: {error}") from None


def normalise(image: Image.Image, config: EncoderConfig) -> NDArray[np.float32]:
    """Resizes an RGB picture and scales its values: (3, image_size, image_size), float32."""
    size = (config.image_size, config.image_size)
    if image.size != size:
        image = image.resize(size, Image.Resampling.BICUBIC)
    values = (np.asarray(image, np.float32) - np.float32(config.mean)) / np.float32(config.scale)
    return np.ascontiguousarray(values.transpose(2, 0, 1))


def preprocess(data: bytes, config: EncoderConfig) -> NDArray[np.float32]:
    """Decodes and normalises a picture: (3, image_size, image_size), float32.

    Raises:
        ImageError: If the bytes cannot be decoded within the limits.
    """
    return normalise(decode(data), config)


def _to_rgb(image: Image.Image) -> Image.Image:
    if image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info:
        coloured = image.convert("RGBA")
        white = Image.new("RGBA", coloured.size, "white")
        return Image.alpha_composite(white, coloured).convert("RGB")
    return image.convert("RGB")
