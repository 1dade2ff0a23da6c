"""The Corpus artifact: segments of text by source, what each source is, and whom to thank."""

import dataclasses
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import ClassVar, Literal, Self

import pyarrow as pa
import pyarrow.parquet as pq

from inkling.components.shared.config import unknown
from inkling.components.shared.store.artifact import Artifact, write_json

SOURCES = "sources.json"
SOURCE_NAMES = (
    "web-crawl", "encyclopedia", "academia", "literature", "math", "code", "arts", "biology", "computer-science",
    "economics", "food", "law", "medicine", "philosophy", "politics", "q-a-forum",
)  # fmt: skip
"""The 16 sources of LSBS section 3, those of its Table 2 first."""
Split = Literal["train", "heldout"]
BATCH = 2_048
"""Segments of a batch and of a row group: 10 to 20 MB of text."""
_SCHEMA = pa.schema(
    {
        "source": pa.string(),
        "document": pa.string(),
        "segment": pa.int32(),
        "text": pa.string(),
        "words": pa.int32(),
        "licence": pa.string(),
        "split": pa.string(),
    }
)


@dataclass(frozen=True)
class Segment:
    """A piece of a document.

    Attributes:
        source: Name of the source.
        document: Identity of the document: package and name.
        segment: Index within the document; the texts of a document's segments join to its text.
        text: The text.
        words: Words in it, punctuation marks included.
        licence: Licence of the text.
        split: "train" or "heldout"; the same for all segments of a document.
    """

    source: str
    document: str
    segment: int
    text: str
    words: int
    licence: str
    split: str


@dataclass(frozen=True)
class SourceSummary:
    """What a source of the corpus is.

    Attributes:
        quality: "real", or "proxy" where the text stands in for what the name says.
        description: What the text is, in plain words.
        words: Words in it, punctuation marks included.
        documents: Number of documents.
        heldout_documents: How many of them are held out.
        segments: Number of segments.
        licence: Licences of the text.
        packages: Version of each package, or commit of each data set, that it was read from.
        files: SHA-256 of each of the user's own files that it was read from, by name.
        removed: Segments that were left out, by reason: "exact" and "near" duplicates, and "contaminated" ones, which
            repeat an evaluation question.
        skipped: What could not be read, by reason, such as empty documents and broken lines.
    """

    quality: str
    description: str
    words: int
    documents: int
    heldout_documents: int
    segments: int
    licence: list[str]
    packages: dict[str, str]
    files: dict[str, str] = field(default_factory=dict)
    removed: dict[str, int] = field(default_factory=dict)
    skipped: dict[str, int] = field(default_factory=dict)


class Corpus(Artifact):
    """Text by source, cut into segments and split by document."""

    type: ClassVar[str] = "Corpus"

    def sources(self) -> dict[str, SourceSummary]:
        """What each source is, by name."""
        entries = self.read_json(SOURCES)
        return {name: SourceSummary(**entry) for name, entry in entries.items()}

    def segments(self, source: str, split: Split | None = None) -> list[Segment]:
        """The segments of a source, in the order in which they were taken; those of a document stand together.

        Raises:
            ConfigError: If the corpus has no such source; it names those that it has.
        """
        return [segment for batch in self.batches(source, split) for segment in batch]

    def batches(
        self, source: str, split: Split | None = None, wanted: Sequence[int] | None = None
    ) -> Iterator[list[Segment]]:
        """The same in batches of at most `BATCH` segments, so that memory does not grow with the corpus.

        Args:
            source: Name of the source.
            split: The split that is wanted; None for both.
            wanted: Places of the batches that are wanted, rising; None for all. Nothing else is read.

        Raises:
            ConfigError: If the corpus has no such source; it names those that it has.
        """
        if source not in self.sources():
            raise unknown("source of the corpus", source, self.sources())
        for batch in read_batches(segments_path(self.path, source), wanted=wanted):
            yield [Segment(**row) for row in batch.to_pylist() if split is None or row["split"] == split]

    def columns(self, source: str, names: Sequence[str]) -> Iterator[pa.RecordBatch]:
        """Some columns of a source's segments, in the same batches: without the text, a million take seconds.

        Raises:
            ConfigError: If the corpus has no such source; it names those that it has.
        """
        if source not in self.sources():
            raise unknown("source of the corpus", source, self.sources())
        yield from read_batches(segments_path(self.path, source), names)


class SegmentWriter:
    """Writes segments into a Parquet file as they come, in row groups of `BATCH`; a context manager."""

    def __init__(self, path: Path) -> None:
        """Opens the file, making its folder."""
        path.parent.mkdir(exist_ok=True)
        self._writer = pq.ParquetWriter(path, _SCHEMA, compression="zstd")
        self._waiting: list[pa.Table] = []

    def __enter__(self) -> Self:
        """The writer itself."""
        return self

    def __exit__(self, *exception: object) -> None:
        """Writes what is left and closes the file."""
        self._flush()
        self._writer.close()

    def write(self, segments: Sequence[Segment]) -> None:
        """Appends segments."""
        columns = {name: [getattr(segment, name) for segment in segments] for name in _SCHEMA.names}
        self.write_table(pa.table(columns, schema=_SCHEMA))

    def write_table(self, table: pa.Table) -> None:
        """Appends segments that are a table of the artifact's columns already."""
        self._waiting.append(table)
        if sum(map(len, self._waiting)) >= BATCH:
            rows = self._flush(BATCH)
            self._waiting = [rows] if len(rows) else []

    def _flush(self, multiple: int = 1) -> pa.Table:
        """Writes whole row groups, the last shorter one only if any number of rows may go; returns the rest."""
        rows = pa.concat_tables([_SCHEMA.empty_table(), *self._waiting]).combine_chunks()
        end = len(rows) - len(rows) % multiple
        if end:
            self._writer.write_table(rows.slice(0, end), row_group_size=BATCH)
        return rows.slice(end)


def read_batches(
    path: Path, names: Sequence[str] | None = None, wanted: Sequence[int] | None = None
) -> Iterator[pa.RecordBatch]:
    """What a `SegmentWriter` wrote, all columns and row groups of it or those named, a row group at a time.

    Arrow's own iterator over all row groups holds on to more memory the more of them it has passed, and each thread
    that decodes keeps some to itself; the text is nearly all there is to decode, so threads would gain little.
    """
    columns = None if names is None else list(names)
    with pq.ParquetFile(path) as file:
        groups = range(file.num_row_groups)
        for group in groups if wanted is None else [place for place in wanted if place in groups]:
            yield from file.iter_batches(BATCH, [group], columns, use_threads=False)


def write_segments(directory: Path, source: str, segments: Iterable[Segment]) -> None:
    """Writes the segments of one source."""
    waiting = iter(segments)
    with SegmentWriter(segments_path(directory, source)) as writer:
        while batch := list(islice(waiting, BATCH)):
            writer.write(batch)


def write_sources(directory: Path, summaries: dict[str, SourceSummary]) -> None:
    """Writes what each source is."""
    entries = {name: dataclasses.asdict(summary) for name, summary in summaries.items()}
    write_json(directory / SOURCES, entries)


def segments_path(directory: Path, source: str) -> Path:
    """Where the segments of a source lie."""
    return directory / "segments" / f"{source}.parquet"
