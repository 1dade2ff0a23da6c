"""Records of large JSON files, one at a time: lists, JSON lines, and the lists within one object."""

import codecs
import gzip
import json
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO, Any

from inkling.components.scenes.loaders.contract import Record, RecordError

LONGEST = 64 << 20
"""Characters of a record beyond which it is not read."""
_CHUNK = 1 << 16
_SPACE = " \t\r\n"
_EXPONENT = len("e+")  # characters of a number that are none without those after them


class FileError(ValueError):
    """A file that cannot be read on; the message names file and record."""


def records_of(paths: Sequence[str]) -> Iterator[Record]:
    """Yields the records of files one after another, each a list or JSON lines.

    Raises:
        FileError: If one cannot be read on.
    """
    for path in paths:
        for place, value in read_records(Path(path)):
            yield Record(place, value)


def read_records(path: Path) -> Iterator[tuple[str, Any]]:
    """Yields the place of each record of a list or of JSON lines, and what it holds, None as `null`.

    A line that is no JSON comes as a `RecordError`, and the lines after it are read on.

    Args:
        path: A `.json` or `.jsonl` file, or one of these packed as `.gz`.

    Raises:
        FileError: If it cannot be opened or unpacked, or its list is damaged, after which nothing of it can be read.
    """
    with _opened(path) as file:
        stream = _Stream(file, path.name)
        if stream.peek() == "[":
            for number, value in enumerate(stream.elements("record"), 1):
                yield f"{path.name}, record {number:,}", value
            if stream.peek():
                raise FileError(f"{path.name}: after the list there is more; a file holds one list, or JSON lines")
            return
    with _opened(path) as file:
        yield from _lines(file, path.name)


def read_members(path: Path) -> Iterator[tuple[str, str, Any]]:
    """Yields what an object holds: key, place and value; of a list each element by itself.

    Args:
        path: A `.json` file, or one packed as `.gz`.

    Raises:
        FileError: If it cannot be opened or unpacked, is no object, or is damaged.
    """
    with _opened(path) as file:
        stream = _Stream(file, path.name)
        if stream.peek() != "{":
            raise FileError(f'{path.name} holds no object, such as {{"images": [...], "annotations": [...]}}')
        stream.take("{")
        while stream.peek() != "}":
            key = stream.value("its keys")
            if not isinstance(key, str):
                raise FileError(f"{path.name}: {key!r} is no key of an object")
            stream.take(":")
            if stream.peek() == "[":
                for number, value in enumerate(stream.elements(key), 1):
                    yield key, f"{path.name}, {key} {number:,}", value
            else:
                yield key, f"{path.name}, {key}", stream.value(key)
            if stream.peek() != "}":
                stream.take(",")
                if stream.peek() == "}":
                    raise FileError(f"{path.name} is damaged after {key}: a comma, and no key")


def _opened(path: Path) -> IO[bytes]:
    try:
        return gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb")  # type: ignore[return-value]
    except OSError as error:
        raise FileError(f"{path.name} cannot be opened: {error.strerror or error}") from None


def _lines(file: IO[bytes], name: str) -> Iterator[tuple[str, Any]]:
    number = 0
    while True:
        try:
            line = file.readline(LONGEST)
            whole = line.endswith(b"\n") or len(line) < LONGEST
            rest = b"" if whole else line
            while rest and not rest.endswith(b"\n"):
                rest = file.readline(LONGEST)
        except (OSError, EOFError, zlib.error) as error:
            raise FileError(f"{name} cannot be unpacked after line {number:,}: {error}") from None
        number += 1
        if not line:
            return
        if line.strip():
            yield f"{name}, line {number:,}", _parsed(line) if whole else RecordError("it is too long")


def _parsed(line: bytes) -> Any:
    try:
        return json.loads(line.decode().lstrip("\ufeff"))
    except UnicodeDecodeError:
        return RecordError("it is not UTF-8")
    except (ValueError, RecursionError):
        return RecordError("it is no JSON")


class _Stream:
    """JSON text that is read as far as the value that is wanted."""

    def __init__(self, file: IO[bytes], name: str) -> None:
        """Begins at the start of a file."""
        self._file, self._name = file, name
        self._decoder = codecs.getincrementaldecoder("utf-8-sig")()
        self._scan = json.JSONDecoder().raw_decode
        self._text, self._start, self._ended = "", 0, False

    def peek(self) -> str:
        """The next character that is no space, which stays; empty at the end."""
        while True:
            while self._start < len(self._text) and self._text[self._start] in _SPACE:
                self._start += 1
            if self._start < len(self._text):
                return self._text[self._start]
            if self._ended:
                return ""
            self._read(_CHUNK)

    def take(self, mark: str) -> None:
        """Reads past a mark, which must come next."""
        if (found := self.peek()) != mark:
            raise FileError(f"{self._name} is damaged: expected {mark!r}, found {self._told(found)}")
        self._start += 1

    def elements(self, what: str) -> Iterator[Any]:
        """Yields the elements of the list that comes next."""
        self.take("[")
        number = 0
        while self.peek() != "]":
            number += 1
            yield self.value(f"{what} {number:,}")
            if self.peek() != "]":
                if self.peek() != ",":
                    raise FileError(
                        f"{self._name} is damaged after {what} {number:,}: expected ',' or ']', found "
                        f"{self._told(self.peek())}"
                    )
                self.take(",")
                if self.peek() == "]":
                    raise FileError(f"{self._name} is damaged after {what} {number:,}: a comma, and no element")
        self.take("]")

    def value(self, what: str) -> Any:
        """Reads the value that comes next; `what` names it in messages."""
        self.peek()
        while True:
            try:
                value, end = self._scan(self._text, self._start)
                if end + _EXPONENT < len(self._text) or self._ended:  # else a number may go on
                    self._start = end
                    return value
                problem = ""
            except RecursionError:
                raise FileError(f"{self._name}: {what} is nested too deeply") from None
            except ValueError as error:
                problem = str(error).partition(":")[0]
            size = len(self._text) - self._start
            if self._ended or size > LONGEST:
                reason = "the file ends within it" if self._ended else f"it is no JSON, or longer than {LONGEST:,}"
                raise FileError(f"{self._name}: {what} cannot be read: {reason} ({problem or 'too long'})")
            self._read(max(_CHUNK, size))

    def _read(self, size: int) -> None:
        """Reads on, and forgets what was taken."""
        try:
            block = self._file.read(size)
            self._text = self._text[self._start :] + self._decoder.decode(block, final=not block)
        except UnicodeDecodeError as error:
            raise FileError(f"{self._name} is not UTF-8: {error.object[error.start : error.end]!r}") from None
        except (OSError, EOFError, zlib.error) as error:
            raise FileError(f"{self._name} cannot be unpacked: {error}") from None
        self._start, self._ended = 0, not block

    @staticmethod
    def _told(found: str) -> str:
        return repr(found) if found else "the end of the file"
