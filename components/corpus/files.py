"""The user's own files: found, pinned by digest, and looked into before any work starts."""

import gzip
from codecs import getincrementaldecoder, lookup
from collections import Counter
from dataclasses import dataclass
from functools import cache
from itertools import islice
from pathlib import Path
from typing import IO, Literal

import pyarrow as pa

from inkling.components.corpus.catalogue import FileSource
from inkling.components.corpus.lines import json_lines, parse
from inkling.components.shared.config import ConfigError
from inkling.components.shared.storage.tables import columns_in
from inkling.components.shared.store.manifest import sha256
from inkling.components.shared.text import require_text

Format = Literal["jsonl", "parquet", "text"]
_FORMATS: dict[str, Format] = {
    ".jsonl": "jsonl", ".jsonl.gz": "jsonl", ".parquet": "parquet", ".txt": "text", ".md": "text",
}  # fmt: skip
_LOOK_BYTES, _LOOK_LINES = 1 << 16, 10


@dataclass(frozen=True)
class TextFile:
    """A file as it is when the work is planned.

    Attributes:
        path: Where it lies.
        name: What it is called in the artifact: its path relative to the source's folder.
        sha256: Its digest.
        size: Its bytes.
    """

    path: Path
    name: str
    sha256: str
    size: int

    def open(self) -> IO[bytes]:
        """Opens it for reading, unpacked if its name ends in `.gz`."""
        return opened(self.path)


def pinned(path: Path, name: str) -> TextFile:
    """A file with its digest, computed once in a process while size and time of change stay the same."""
    stat = path.stat()
    return TextFile(path, name, _digest(path.resolve(), stat.st_size, stat.st_mtime_ns), stat.st_size)


@cache
def _digest(path: Path, size: int, changed: int) -> str:
    return sha256(path)


def opened(path: Path) -> IO[bytes]:
    """Opens a file for reading, unpacked if its name ends in `.gz`."""
    return gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb")  # type: ignore[return-value]


def format_of(source: FileSource, path: Path) -> Format:
    """How a file holds its text.

    Raises:
        ConfigError: If neither the source nor the file's name says so.
    """
    if source.format:
        return source.format
    suffix = "".join(path.suffixes[-2:]) if path.suffix == ".gz" else path.suffix
    if suffix not in _FORMATS:
        raise ConfigError(f"{path}: nothing is known of '{suffix}'; state `format`: jsonl, parquet or text")
    return _FORMATS[suffix]


def checked_files(name: str, source: FileSource) -> list[TextFile]:
    """The files of a source, by name, each looked into.

    Raises:
        ConfigError: If a pattern fits no file, or a file is empty, truncated, in another encoding or without the field.
    """
    found: dict[str, Path] = {}
    for pattern in source.files:
        if Path(pattern).is_absolute():
            raise ConfigError(f"source '{name}': '{pattern}' is absolute; state `folder` and a pattern within it")
        paths = [path for path in source.folder.glob(pattern) if path.is_file()]
        if not paths:
            raise ConfigError(f"source '{name}': no file fits '{pattern}' in {source.folder.resolve()}")
        found |= {path.relative_to(source.folder).as_posix(): path for path in paths}
    require_text(list(found), f"source '{name}': a file's name")
    for path in found.values():
        try:
            _look_into(source, path)
        except ConfigError as error:
            raise ConfigError(f"source '{name}': {error}") from None
    return [pinned(found[file], file) for file in sorted(found)]


def _look_into(source: FileSource, path: Path) -> None:
    if path.stat().st_size == 0:
        raise ConfigError(f"{path} is empty")
    kind = format_of(source, path)
    if kind == "parquet":
        _look_into_table(source, path)
    elif kind == "jsonl":
        _look_into_lines(source, path)
    else:
        _look_into_text(source, path)


def _look_into_table(source: FileSource, path: Path) -> None:
    kind = columns_in(path, [source.field], [source.field])[source.field]
    plain = kind.value_type if pa.types.is_dictionary(kind) else kind
    if not any(is_text(plain) for is_text in (pa.types.is_string, pa.types.is_large_string, pa.types.is_string_view)):
        raise ConfigError(f"{path}: column '{source.field}' holds {kind}, not text")


def _look_into_lines(source: FileSource, path: Path) -> None:
    if "\n".encode(_codec(source)) != b"\n":
        raise ConfigError(f"{path}: JSON lines in {source.encoding} cannot be cut at their ends; convert them to utf-8")
    reasons: Counter[str] = Counter()
    with _unpacked(path) as file:
        lines = islice(json_lines(file, reasons), _LOOK_LINES)
        if not any(parse(line, source.field, source.encoding, reasons) for _, line in lines):
            why = ", ".join(f"{count} {reason}" for reason, count in reasons.items()) or "all are blank"
            raise ConfigError(f"{path}: none of its first {_LOOK_LINES} lines has text in '{source.field}': {why}")


def _look_into_text(source: FileSource, path: Path) -> None:
    decoder = getincrementaldecoder(_codec(source))()
    with _unpacked(path) as file:
        try:
            decoder.decode(file.read(_LOOK_BYTES))
        except UnicodeDecodeError as error:
            message = f"{path} is not {source.encoding} (byte {error.start}): state its `encoding`, or convert it"
            raise ConfigError(message) from None


def _unpacked(path: Path) -> IO[bytes]:
    """Opens a file and makes sure that it can be unpacked at all."""
    file = opened(path)
    try:
        file.read(1)
    except (OSError, EOFError) as error:
        file.close()
        raise ConfigError(f"{path} cannot be unpacked: {error}") from None
    file.seek(0)
    return file


def _codec(source: FileSource) -> str:
    try:
        return lookup(source.encoding).name
    except LookupError:
        raise ConfigError(f"unknown encoding '{source.encoding}'") from None
