"""JSON lines: read from any byte on, one at a time; what cannot be used is counted by reason."""

import json
from collections import Counter
from collections.abc import Iterator
from typing import IO, Any

from inkling.components.shared.text import is_text

EMPTY, BROKEN, UNDECODABLE, HALVED, FIELDLESS, TOO_LONG = (
    "empty", "broken JSON", "not in the stated encoding", "with half a character", "without the field", "too long",
)  # fmt: skip
"""Reasons for which text is skipped."""
LONGEST = 64 << 20
"""Bytes of a line, or of a text file, beyond which nothing is read."""


def json_lines(
    file: IO[bytes], skipped: Counter[str], begin: int = 0, end: int | None = None
) -> Iterator[tuple[int, bytes]]:
    """Yields the lines that begin in a range of bytes, each with its first byte; blank ones and too long ones are not.

    Neighbouring ranges give every line of the file once.

    Args:
        file: The file.
        skipped: Counts the lines that are too long.
        begin: First byte of the range.
        end: First byte after it; the end of the file if left out.
    """
    file.seek(max(0, begin - 1))
    if begin:
        _read_line(file)
    while end is None or file.tell() < end:
        place = file.tell()
        line, whole = _read_line(file)
        if not line:
            return
        if not whole:
            skipped[TOO_LONG] += 1
        elif line.strip():
            yield place, line


def _read_line(file: IO[bytes]) -> tuple[bytes, bool]:
    """A line, or the beginning of a line that is too long, which is read past; and whether it is the whole line."""
    line = rest = file.readline(LONGEST)
    while rest and len(rest) == LONGEST and not rest.endswith(b"\n"):
        rest = file.readline(LONGEST)
    return line, rest is line


def parse_record(line: bytes, encoding: str, skipped: Counter[str]) -> Any:
    """The value of a JSON line; None for one that is no JSON.

    Args:
        line: The line.
        encoding: Encoding of the line.
        skipped: Counts, by reason, what cannot be read.
    """
    try:
        return json.loads(line.decode(encoding).lstrip("\ufeff"))
    except UnicodeDecodeError:
        skipped[UNDECODABLE] += 1
    except (ValueError, RecursionError):
        skipped[BROKEN] += 1
    return None


def parse(line: bytes, field: str, encoding: str, skipped: Counter[str]) -> str | None:
    """The text of a JSON line.

    Args:
        line: The line.
        field: The key that holds the text.
        encoding: Encoding of the line.
        skipped: Counts, by reason, what has none.
    """
    record = parse_record(line, encoding, skipped)
    if record is None:
        return None
    return text_of(record.get(field) if isinstance(record, dict) else None, skipped)


def text_of(value: Any, skipped: Counter[str]) -> str | None:
    """A value if it is text that can be used.

    Args:
        value: What a field holds.
        skipped: Counts, by reason, what is none.
    """
    if not isinstance(value, str):
        skipped[FIELDLESS] += 1
    elif not is_text(value):
        skipped[HALVED] += 1
    elif not value.strip():
        skipped[EMPTY] += 1
    else:
        return value
    return None
