"""Fetching an image from a host that the settings allow, and from no address inside the network."""

import asyncio
import ipaddress
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import SplitResult, urlsplit

import httpx

from inkling.components.serve.protocols.refusals import cut
from inkling.components.serve.request import BadRequest
from inkling.components.serve.scheduler import Busy
from inkling.components.serve.settings import Settings
from inkling.models.vision.preprocess import MAX_BYTES

_SECONDS = 10.0  # of a fetch in all
_PORTS = {"http": 80, "https": 443}
_SHOWN = 100  # characters of an address
_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_running = 0  # fetches


async def fetch(url: str, settings: Settings) -> bytes:
    """The bytes that an address answers with.

    A name is resolved once, and the connection goes to what it resolved to: a name that resolves otherwise a moment
    later gains nothing.

    Raises:
        BadRequest: If the host is not allowed, resolves to an address that is not public, or gives nothing within the
            limits of size and time.
        Busy: If too many images are being fetched.
    """
    parts = _parts(url)
    port = parts.port or _PORTS[parts.scheme]
    host = f"[{parts.hostname}]" if ":" in str(parts.hostname) else str(parts.hostname)
    given = {f"{host}:{port}"} | ({host, parts.hostname} if port == _PORTS[parts.scheme] else set())
    if given.isdisjoint(settings.remote_image_hosts):
        raise BadRequest(
            f"images are not fetched from '{cut(parts.netloc, _SHOWN)}': send the image itself, as a data URI "
            "(data:image/png;base64,...). Whoever runs this server can allow a host with `remote_image_hosts`."
        )
    shown = cut(url, _SHOWN)
    try:
        with _counted(settings.max_fetches):
            async with asyncio.timeout(_SECONDS):
                return await _get(parts, port, await _public_address(str(parts.hostname), port))
    except TimeoutError:
        raise BadRequest(f"{shown} was not fetched within {_SECONDS:g} s") from None
    except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
        if isinstance(error, BadRequest):
            raise BadRequest(f"{shown} {error}") from None
        raise BadRequest(f"{shown} cannot be fetched: {type(error).__name__}") from None


def is_public(address: str) -> bool:
    """Whether a number is one of the public internet, whatever IPv6 form an IPv4 number is written in."""
    number = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(number, ipaddress.IPv6Address):
        inner = number.ipv4_mapped or number.sixtofour or (number.teredo[1] if number.teredo else None)
        if number in _NAT64 or number.packed[:12] == bytes(12):
            inner = ipaddress.IPv4Address(number.packed[12:])
        if inner is not None and not is_public(str(inner)):
            return False
    return number.is_global and not number.is_multicast


def _parts(url: str) -> SplitResult:
    """An address in its parts, if it is a plain one."""
    try:
        parts = urlsplit(url)
        if parts.scheme in _PORTS and parts.hostname and "@" not in parts.netloc and parts.port != 0:
            return parts
    except ValueError:
        pass
    raise BadRequest("an image's URL must be a data URI (data:image/png;base64,...)")


async def _public_address(host: str, port: int) -> str:
    """The number of a host; one that the settings state as a number may be any."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        pass
    else:
        return host
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError:
        raise BadRequest("cannot be fetched: its host is not known") from None
    addresses = [str(entry[4][0]) for entry in found]
    if not all(map(is_public, addresses)):
        raise BadRequest("is not fetched: its host resolves to an address that is not public")
    return addresses[0]


async def _get(parts: SplitResult, port: int, address: str) -> bytes:
    host = f"[{address}]" if ":" in address else address
    target = httpx.URL(scheme=parts.scheme, host=host, port=port, raw_path=_raw_path(parts))
    image = bytearray()
    async with (
        httpx.AsyncClient(timeout=_SECONDS, follow_redirects=False, trust_env=False) as client,
        client.stream(
            "GET", target, headers={"Host": parts.netloc}, extensions={"sni_hostname": str(parts.hostname)}
        ) as response,
    ):
        if response.status_code != httpx.codes.OK:
            raise BadRequest(f"answered {response.status_code}")
        async for block in response.aiter_raw():
            image += block
            if len(image) > MAX_BYTES:
                raise BadRequest(f"has more than the {MAX_BYTES:,} bytes that are taken")
    return bytes(image)


def _raw_path(parts: SplitResult) -> bytes:
    return httpx.URL(path=parts.path or "/", query=parts.query.encode() if parts.query else None).raw_path


@contextmanager
def _counted(most: int) -> Iterator[None]:
    global _running
    if _running >= most:
        raise Busy(_running)
    _running += 1
    try:
        yield
    finally:
        _running -= 1
