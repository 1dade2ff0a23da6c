"""Pictures made small enough that a page of all of them stays below a number of bytes."""

import base64
import io
from collections.abc import Mapping
from dataclasses import dataclass

SIDES = (160, 128, 96, 72, 56, 40, 28)
"""Longest sides in pixels, from the largest; a picture is never made larger."""
_QUALITY = 60
_TRIED = 24


@dataclass(frozen=True)
class Thumbnails:
    """Small pictures.

    Attributes:
        side: Longest side in pixels at most.
        addresses: A `data:` address of each, by image; without those that cannot be read.
    """

    side: int
    addresses: dict[str, str]


def thumbnails(pictures: Mapping[str, bytes], budget: int) -> Thumbnails | None:
    """The pictures at the largest of `SIDES` at which all of them together fit, as WebP in base64.

    Args:
        pictures: Bytes of each picture, by image.
        budget: Bytes that the addresses may take together.

    Returns:
        The pictures; None where they do not fit at the smallest size.
    """
    names = list(pictures)
    some = {name: pictures[name] for name in names[:: max(1, len(names) // _TRIED)]}
    for side in SIDES:
        if _bytes(_drawn(some, side)) * len(names) > budget * max(1, len(some)):
            continue
        addresses = _drawn(pictures, side)
        if _bytes(addresses) <= budget:
            return Thumbnails(side, addresses)
    return None


def _bytes(addresses: Mapping[str, str]) -> int:
    return sum(map(len, addresses.values()))


def _drawn(pictures: Mapping[str, bytes], side: int) -> dict[str, str]:
    found = {name: _address(data, side) for name, data in pictures.items()}
    return {name: address for name, address in found.items() if address}


def _address(data: bytes, side: int) -> str:
    """A `data:` address of a smaller picture; empty where it cannot be read."""
    from inkling.models.vision.preprocess import ImageError, decode

    buffer = io.BytesIO()
    try:
        small = decode(data)
    except ImageError:
        return ""
    small.thumbnail((side, side))
    small.save(buffer, "WEBP", quality=_QUALITY)
    return f"data:image/webp;base64,{base64.b64encode(buffer.getvalue()).decode()}"
