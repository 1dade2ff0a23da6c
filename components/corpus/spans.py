"""The user's files as units of work: cut into spans that stand for themselves, and read a document at a time."""

import zlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.parquet as pq

from inkling.components.corpus.catalogue import FileSource
from inkling.components.corpus.document import Document, unit_hash
from inkling.components.corpus.files import TextFile, format_of
from inkling.components.corpus.lines import EMPTY, LONGEST, TOO_LONG, UNDECODABLE, json_lines, parse, text_of
from inkling.components.shared.runtime.progress import note

UNIT_BYTES = 16 << 20
"""Bytes of files that a unit reads; only a row group, or a packed file, may have more."""
UNREADABLE, CUT_SHORT = "in a damaged row group", "in a damaged archive"
_ROWS = 256
_NAMED = 5  # skipped texts of a unit that the log names, at most


@dataclass(frozen=True)
class Span:
    """A part of a file: bytes of JSON lines, a row group of a table, or the whole of a text or of a packed file."""

    file: TextFile
    begin: int
    end: int
    size: int


def units_of_files(source: FileSource, files: list[TextFile], seed: int) -> list[tuple[Span, ...]]:
    """The spans of a source's files in a seeded order that looks random, in units of `UNIT_BYTES`."""
    spans = [span for file in files for span in _spans(source, file)]
    spans.sort(key=lambda span: (unit_hash(seed, "order", f"{span.file.name}#{span.begin}"), span.file.name))
    units: list[list[Span]] = []
    room = 0
    for span in spans:
        if span.size > room:
            units.append([])
            room = UNIT_BYTES
        units[-1].append(span)
        room -= span.size
    return [tuple(unit) for unit in units]


def _spans(source: FileSource, file: TextFile) -> list[Span]:
    kind = format_of(source, file.path)
    if kind == "parquet":
        metadata = pq.read_metadata(file.path)
        sizes = [metadata.row_group(group).total_byte_size for group in range(metadata.num_row_groups)]
        return [Span(file, group, group + 1, size) for group, size in enumerate(sizes)]
    if kind == "text" or file.path.suffix == ".gz":
        return [Span(file, 0, file.size, file.size)]
    begins = range(0, file.size, UNIT_BYTES)
    ends = [min(begin + UNIT_BYTES, file.size) for begin in begins]
    return [Span(file, begin, end, end - begin) for begin, end in zip(begins, ends, strict=True)]


def documents(source: FileSource, span: Span, skipped: Counter[str]) -> Iterator[Document]:
    """Yields the documents of a span, each named by its file and its place in it.

    Args:
        source: The source.
        span: A part of one of its files.
        skipped: Counts what cannot be read, by reason.
    """
    kind = format_of(source, span.file.path)
    if kind == "parquet":
        yield from _rows(source, span, skipped)
    elif kind == "jsonl":
        yield from _lines(source, span, skipped)
    else:
        yield from _text(source, span.file, skipped)


def _lines(source: FileSource, span: Span, skipped: Counter[str]) -> Iterator[Document]:
    end = None if span.file.path.suffix == ".gz" else span.end
    try:
        with span.file.open() as file:
            for place, line in json_lines(file, skipped, span.begin, end):
                why = Counter[str]()
                if text := parse(line, source.field, source.encoding, why):
                    yield Document(f"{span.file.name}#{place}", text)
                _skip(why, f"{span.file.path}, the line at byte {place}", skipped)
    except (OSError, EOFError, zlib.error):
        skipped[CUT_SHORT] += 1


def _rows(source: FileSource, span: Span, skipped: Counter[str]) -> Iterator[Document]:
    with pq.ParquetFile(span.file.path) as table:
        rows, place = table.metadata.row_group(span.begin).num_rows, 0
        try:
            for batch in table.iter_batches(_ROWS, [span.begin], [source.field]):
                for number, raw in enumerate(_plain(batch.column(source.field)).to_pylist(), place):
                    why = Counter[str]()
                    if text := _decoded(raw or b"", "utf-8", why):
                        yield Document(f"{span.file.name}#{span.begin}.{number}", text)
                    _skip(why, f"{span.file.path}, row {number} of row group {span.begin}", skipped)
                place += len(batch)
        except (OSError, pa.ArrowException):
            skipped[UNREADABLE] += rows - place


def _plain(column: pa.Array) -> pa.Array:
    """The bytes of a column of text, whatever type of text it has."""
    return (column.dictionary_decode() if pa.types.is_dictionary(column.type) else column).cast(pa.large_binary())


def _text(source: FileSource, file: TextFile, skipped: Counter[str]) -> Iterator[Document]:
    try:
        with file.open() as stream:
            raw = stream.read(LONGEST + 1)
    except (OSError, EOFError, zlib.error):
        skipped[CUT_SHORT] += 1
        return
    why = Counter[str]()
    if len(raw) > LONGEST:
        why[TOO_LONG] += 1
    elif text := _decoded(raw, source.encoding, why):
        yield Document(file.name, text)
    _skip(why, str(file.path), skipped)


def _decoded(raw: bytes, encoding: str, skipped: Counter[str]) -> str | None:
    try:
        return text_of(raw.decode(encoding).lstrip("\ufeff"), skipped)
    except UnicodeDecodeError:
        skipped[UNDECODABLE] += 1
    return None


def _skip(why: Counter[str], what: str, skipped: Counter[str]) -> None:
    """Counts a skipped text, and says in the log which one it is, of a unit's first few that are not only empty."""
    skipped.update(why)
    if why.keys() - {EMPTY} and skipped.total() - skipped[EMPTY] <= _NAMED:
        note(f"skipped, {next(iter(why))}: {what}")
