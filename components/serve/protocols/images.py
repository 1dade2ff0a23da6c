"""Images of requests: out of base64, data URIs and (from hosts that are allowed) the web."""

from inkling.components.serve.protocols.fetch import fetch
from inkling.components.serve.request import BadRequest
from inkling.components.serve.settings import Settings
from inkling.models.vision.data_uri import data_uri_bytes
from inkling.models.vision.preprocess import ImageError


def decode_base64(text: str) -> bytes:
    """The bytes of an image given as base64 or as a data URI.

    Raises:
        BadRequest: If the text is neither.
    """
    try:
        return data_uri_bytes(text)
    except ImageError as error:
        raise BadRequest(str(error)) from None


async def load_url(url: str, settings: Settings) -> bytes:
    """The bytes of an image given by URL: a data URI, or an address on a host that the settings allow.

    Raises:
        BadRequest: If the address is not allowed or gives no image within the limits.
        Busy: If too many images are being fetched.
    """
    if url[:5].lower() == "data:":
        return decode_base64(url)
    return await fetch(url, settings)
