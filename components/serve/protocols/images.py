"""Images of requests: out of base64, data URIs and (from hosts that are allowed) the web."""

from urllib.parse import urlsplit

import httpx

from inkling.components.serve.request import BadRequest
from inkling.components.serve.settings import Settings
from inkling.models.vision.data_uri import data_uri_bytes
from inkling.models.vision.preprocess import MAX_BYTES, ImageError

_FETCH_SECONDS = 10.0


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
    """
    if url.startswith("data:"):
        return decode_base64(url)
    host = _host(url)
    if host not in settings.remote_image_hosts:
        raise BadRequest(
            f"images are not fetched from '{host}': send the image itself, as a data URI (data:image/png;base64,...). "
            "Whoever runs this server can allow a host with `remote_image_hosts`."
        )
    image = bytearray()
    try:
        async with (
            httpx.AsyncClient(timeout=_FETCH_SECONDS, follow_redirects=False, trust_env=False) as client,
            client.stream("GET", url) as response,
        ):
            if response.status_code != httpx.codes.OK:
                raise BadRequest(f"{url} answered {response.status_code}")
            async for block in response.aiter_raw():
                image += block
                if len(image) > MAX_BYTES:
                    raise BadRequest(f"{url} has more than the {MAX_BYTES:,} bytes that are taken")
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise BadRequest(f"{url} cannot be fetched: {type(error).__name__}") from None
    return bytes(image)


def _host(url: str) -> str:
    try:
        parts = urlsplit(url)
        if parts.scheme in ("http", "https") and parts.hostname:
            return parts.hostname
    except ValueError:
        pass
    raise BadRequest("an image's URL must be a data URI (data:image/png;base64,...)")
