"""Counting the levels and items of JSON in bytes, before a parser makes objects of them."""

import numpy as np

_BLOCK = 1 << 16
_BRACKET = 0x20  # the bit that makes [ and { alike, and ] and }


class JsonTooComplex(ValueError):
    """JSON with more levels or items than are taken; the message says which and how many may be."""


class JsonScan:
    """Counts levels and items of JSON that comes in parts; takes linear time and constant memory.

    Items are the values of lists and the members of objects, at all levels together. Bytes that are no JSON are counted
    in some way or other: a parser ends at the first of them, and until there the counts are right.
    """

    def __init__(self, max_depth: int, max_items: int) -> None:
        """Starts before the first byte."""
        self._max_depth, self._max_items = max_depth, max_items
        self._depth = self._items = 0
        self._within = False  # a string
        self._carry = b""  # a backslash at the end of what was read

    def feed(self, part: bytes) -> None:
        """Counts further bytes.

        Raises:
            JsonTooComplex: As soon as there are too many levels or items.
        """
        for start in range(0, len(part), _BLOCK):
            self._block(part[start : start + _BLOCK])

    def _block(self, part: bytes) -> None:
        part = self._carry + part
        trailing = len(part) - len(part.rstrip(b"\\"))
        self._carry = b"\\" if trailing % 2 else b""
        part = part[: len(part) - len(self._carry)]
        if b"\\" in part:  # pairs first, so that a quote is escaped by what is left before it
            part = part.replace(b"\\\\", b"").replace(b'\\"', b"")
        if self._within and b'"' not in part:
            return
        codes = np.frombuffer(part, np.uint8)  # (bytes,)
        strings = np.cumsum(codes == ord('"'), dtype=np.uint8) & 1  # (bytes,): 1 within, if the block starts outside
        outside = codes[strings == self._within]
        self._within ^= bool(strings[-1]) if len(strings) else False
        commas = int(np.count_nonzero(outside == ord(",")))
        bracketless = outside | _BRACKET
        opening, closing = bracketless == ord("{"), bracketless == ord("}")
        self._items += commas + int(np.count_nonzero(opening))
        if self._items > self._max_items:
            raise JsonTooComplex(f"the JSON has more than the {self._max_items:,} items that are taken")
        changes = opening.astype(np.int8) - closing.astype(np.int8)
        depths = self._depth + np.cumsum(changes[changes != 0], dtype=np.int64)  # (brackets,)
        if len(depths):
            self._depth = int(depths[-1])
            if depths.max() > self._max_depth:
                raise JsonTooComplex(f"the JSON has more than the {self._max_depth} levels that are taken")
