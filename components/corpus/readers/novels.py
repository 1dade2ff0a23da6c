"""Novels in an R package: a data base of compressed objects, each one novel as a vector of lines; parsed, never run."""

import re
import struct
import zlib
from collections.abc import Iterator

from inkling.components.corpus.document import Document, Order
from inkling.components.corpus.readers.archive import ReadError, single
from inkling.components.shared.storage.archives import Archive

_STRINGS, _STRING = 16, 9  # types of R's serialization format: a vector of strings, and a string of it
_CHAPTER = re.compile(r"^chapter\b", re.IGNORECASE)


def read_novels(archive: Archive, order: Order) -> Iterator[Document]:
    """Yields one document per chapter; a line of the novel is a line."""
    name = single(archive, "*/data/Rdata.rdb")
    chapters: dict[str, list[str]] = {}
    for packed in _objects(archive.read(name)):
        lines = _lines(packed, name)
        starts = [number for number, line in enumerate(lines) if _CHAPTER.match(line)]
        for start, end in zip(starts, [*starts[1:], len(lines)], strict=True):
            chapters[f"{lines[0].title()}#{start}"] = lines[start:end]
    for key in order(chapters):
        yield Document(key, "\n".join(chapters[key]).strip())


def _objects(raw: bytes) -> Iterator[bytes]:
    """The objects of a data base: each its length, and its bytes in zlib's format."""
    while raw:
        unpacking = zlib.decompressobj()
        yield unpacking.decompress(raw[4:])
        raw = unpacking.unused_data


def _lines(raw: bytes, name: str) -> list[str]:
    """The strings of a serialized vector: behind a header come its type and number, then each with its length."""
    if raw[:2] != b"X\n":
        raise ReadError(f"{name} holds an object that is not in R's portable format")
    version, encoding = struct.unpack_from(">i8xi", raw, 2)
    place = 18 + encoding if version == 3 else 14
    kind, count = struct.unpack_from(">ii", raw, place)
    if kind & 0xFF != _STRINGS:
        raise ReadError(f"{name} holds an object that is no vector of strings")
    place += 8
    lines = []
    for _ in range(count):
        kind, length = struct.unpack_from(">ii", raw, place)
        if kind & 0xFF != _STRING:
            raise ReadError(f"{name} holds a vector with something else than strings")
        place += 8
        lines.append(raw[place : place + max(length, 0)].decode())
        place += max(length, 0)
    return lines
