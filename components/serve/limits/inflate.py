"""Compressed bodies, inflated a block at a time so that a small one cannot become a large one unseen."""

import zlib
from collections.abc import Iterator

_BLOCK = 1 << 16
_EITHER = 47  # zlib's window bits for gzip and zlib alike, told apart by their heads
ENCODINGS = ("gzip", "x-gzip", "deflate")


class Damaged(ValueError):
    """Bytes that are not what their encoding says."""


class Inflation:
    """A body in gzip or deflate."""

    def __init__(self) -> None:
        """Starts before the first byte."""
        self._inflater = zlib.decompressobj(_EITHER)

    def feed(self, part: bytes) -> Iterator[bytes]:
        """What further bytes hold, in blocks of at most 64 KiB; the caller may stop at any of them.

        Raises:
            Damaged: If they are not in the encoding, or go on after its end.
        """
        block = b""
        while part or len(block) == _BLOCK:
            try:
                block = self._inflater.decompress(part, _BLOCK)
            except zlib.error:
                raise Damaged("the body is not the gzip or deflate that its Content-Encoding says") from None
            part = self._inflater.unconsumed_tail
            if self._inflater.unused_data:
                raise Damaged("the body goes on after its compressed part")
            if block:
                yield block

    def end(self) -> None:
        """Checks that nothing is missing.

        Raises:
            Damaged: If the end is.
        """
        if not self._inflater.eof:
            raise Damaged("the compressed body is cut short")
