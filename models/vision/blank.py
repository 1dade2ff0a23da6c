"""The plain grey image of the view `blank`: a picture that shows nothing."""

import io

from PIL import Image

GREY = (128, 128, 128)


def blank_image(side: int) -> bytes:
    """A PNG of one grey.

    Args:
        side: Its height and width in pixels.
    """
    buffer = io.BytesIO()
    Image.new("RGB", (side, side), GREY).save(buffer, "PNG")
    return buffer.getvalue()
