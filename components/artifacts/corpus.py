"""The Corpus artifact: segments of text by source, what each source is, and whom to thank."""

import dataclasses
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Literal

import pyarrow as pa
import pyarrow.parquet as pq

from inkling.components.artifacts.artifact import Artifact
from inkling.components.config import unknown

SOURCES, ATTRIBUTION = "sources.json", "ATTRIBUTION.md"
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
        packages: Version of each package that it was read from.
    """

    quality: str
    description: str
    words: int
    documents: int
    heldout_documents: int
    segments: int
    licence: list[str]
    packages: dict[str, str]


class Corpus(Artifact):
    """Text by source, cut into segments and split by document."""

    type: ClassVar[str] = "Corpus"

    def sources(self) -> dict[str, SourceSummary]:
        """What each source is, by name."""
        entries = json.loads((self.path / SOURCES).read_text())
        return {name: SourceSummary(**entry) for name, entry in entries.items()}

    def segments(self, source: str, split: Split | None = None) -> list[Segment]:
        """The segments of a source, in the order in which they were taken; those of a document stand together.

        Raises:
            ConfigError: If the corpus has no such source; it names those that it has.
        """
        return [segment for batch in self.batches(source, split) for segment in batch]

    def batches(self, source: str, split: Split | None = None) -> Iterator[list[Segment]]:
        """The same in batches of at most `BATCH` segments, so that memory does not grow with the corpus.

        Raises:
            ConfigError: If the corpus has no such source; it names those that it has.
        """
        if source not in self.sources():
            raise unknown("source of the corpus", source, self.sources())
        with pq.ParquetFile(self.path / _file(source)) as file:
            for batch in file.iter_batches(BATCH):
                yield [Segment(**row) for row in batch.to_pylist() if split is None or row["split"] == split]


def write_segments(directory: Path, source: str, segments: Sequence[Segment]) -> None:
    """Writes the segments of one source."""
    columns = {name: [getattr(segment, name) for segment in segments] for name in _SCHEMA.names}
    path = directory / _file(source)
    path.parent.mkdir(exist_ok=True)
    pq.write_table(pa.table(columns, schema=_SCHEMA), path, row_group_size=BATCH, compression="zstd")


def write_sources(directory: Path, summaries: dict[str, SourceSummary]) -> None:
    """Writes what each source is."""
    entries = {name: dataclasses.asdict(summary) for name, summary in summaries.items()}
    (directory / SOURCES).write_text(json.dumps(entries, indent=2) + "\n")


def _file(source: str) -> str:
    return f"segments/{source}.parquet"
