"""The bytes of an image out of base64 or a data URI (RFC 2397); needs no torch, so that a server can use it too."""

import base64
import binascii
import re

from inkling.models.vision.preprocess import ImageError

_HEAD = re.compile(r"(?i:data):(?:[\w.+-]+/[\w.+*-]+)?(?P<parameters>(;[^,;]+)*),", re.ASCII)


def data_uri_bytes(text: str) -> bytes:
    """The bytes of an image given as base64 or as a data URI in base64.

    Raises:
        ImageError: If the text is neither.
    """
    if text[:5].lower() == "data:":
        head = _HEAD.match(text)
        if head is None or not head["parameters"].endswith(";base64"):
            raise ImageError("an image's data URI must look like data:image/png;base64,...")
        text = text[head.end() :]
    try:
        # MIME and the command `base64` break lines
        return base64.b64decode(text.replace("\n", "").replace("\r", ""), validate=True)
    except (binascii.Error, ValueError):
        raise ImageError("the image is not valid base64") from None
