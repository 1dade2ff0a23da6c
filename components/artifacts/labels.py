"""The Labels artifact: which of the six labels of LSBS each segment of a corpus carries, and since when.

Labels are only ever added: labelling a corpus again writes a new version behind the old ones, with a later date. A row
holds one segment in one version, with the identity and the time by which Feast joins (`feature_views.py`). Files hold
`PARTITION` segments each, so that whoever reads them needs no more memory for a larger corpus.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from inkling.components.artifacts.corpus import BATCH, Corpus, Segment
from inkling.components.shared.config import unknown
from inkling.components.shared.store.artifact import Artifact, write_json
from inkling.components.shared.store.manifest import ArtifactError

REASONING, VISUAL = (("code", "math", "science"), ("concept", "attribute", "relationship"))
LABELS = (*REASONING, *VISUAL)
"""The labels, as defined in LSBS appendix B; a segment may carry any number of them."""
FAMILIES = {"reasoning": REASONING, "visual": VISUAL}
"""Families of labels: a segment is of a family if it carries one of its labels at least (LSBS: "combination")."""
SHARES = "shares.json"
BATCHES = 32
"""Batches of the corpus in a partition."""
PARTITION = BATCHES * BATCH
"""Segments of a partition, which is a file."""
SEGMENT_ID, EVENT_TIMESTAMP = "segment_id", "event_timestamp"
Flags = NDArray[np.bool_]
_KEYS = {SEGMENT_ID: pa.string(), EVENT_TIMESTAMP: pa.timestamp("us", "UTC")}
_LABELS_SCHEMA = pa.schema(
    {**_KEYS, "document": pa.string(), "segment": pa.int32(), "labeller": pa.string()}
    | dict.fromkeys(LABELS, pa.bool_())
)
_STATISTICS_SCHEMA = pa.schema(
    {
        **_KEYS,
        "source": pa.string(),
        "split": pa.string(),
        "licence": pa.string(),
        "words": pa.int64(),
        "characters": pa.int64(),
    }
)


@dataclass(frozen=True)
class Version:
    """One labelling of a corpus.

    Attributes:
        date: Day from which its labels hold.
        labeller: Name of the labeller.
    """

    date: date
    labeller: str


@dataclass(frozen=True)
class SegmentLabels:
    """Labels of segments of one source, in the order of the corpus.

    Attributes:
        documents: Identity of each segment's document.
        segments: Each segment's index within its document.
        flags: Whether a segment carries a label, (segments, 6), columns as in `LABELS`.
    """

    documents: list[str]
    segments: list[int]
    flags: Flags


class Labels(Artifact):
    """Labels of every segment of a corpus, in one version or several."""

    type: ClassVar[str] = "Labels"
    schema: ClassVar[int] = 2

    def shares(self) -> dict[str, dict[str, float]]:
        """Percentage of the segments with each label and family now, by source; "none" is those without any."""
        return {source: entry["percent"] for source, entry in self.read_json(SHARES)["sources"].items()}

    def versions(self) -> list[Version]:
        """The labellings, oldest first."""
        return [
            Version(date.fromisoformat(entry["date"]), entry["labeller"])
            for entry in self.read_json(SHARES)["versions"]
        ]

    def partitions(self, source: str) -> list[Path]:
        """Files of a source's labels, in the order of the corpus.

        Raises:
            ConfigError: If there is no such source; it names those that there are.
        """
        if source not in self.shares():
            raise unknown("labelled source", source, self.shares())
        return sorted((self.path / "labels").glob(f"{source}.*.parquet"))

    def read_partitions(self, source: str) -> Iterator[SegmentLabels]:
        """The latest labels of a source's segments, a partition at a time.

        Raises:
            ConfigError: If there is no such source; it names those that there are.
        """
        latest = day_start(self.versions()[-1].date)
        for path in self.partitions(source):
            yield segment_labels(pq.read_table(path, filters=[(EVENT_TIMESTAMP, "=", latest)]))

    def batches(self, source: str) -> Iterator[SegmentLabels]:
        """The same in the batches of the corpus.

        Raises:
            ConfigError: If there is no such source; it names those that there are.
        """
        for part in self.read_partitions(source):
            for start in range(0, len(part.documents), BATCH):
                cut = slice(start, start + BATCH)
                yield SegmentLabels(part.documents[cut], part.segments[cut], part.flags[cut])

    def of(self, source: str) -> SegmentLabels:
        """The same of all segments at once.

        Raises:
            ConfigError: If there is no such source; it names those that there are.
        """
        return joined(self.read_partitions(source))

    def check(self, corpus: Corpus) -> None:
        """Checks that these are labels of a given corpus.

        Raises:
            ArtifactError: If they were made for another one.
        """
        if self.manifest.provenance.inputs.get("corpus") != corpus.digest:
            raise ArtifactError(f"{self.path} holds labels of another corpus than {corpus.path}: label it anew")

    def write_report(self, path: Path, versions: Sequence[Version]) -> None:
        """Writes `shares.json` of a copy that holds some versions only, with the shares of the whole."""
        write_json(path, {**self.read_json(SHARES), "versions": dated(versions)})


def member(flags: Flags, name: str) -> Flags:
    """Whether each segment carries a label, or is of a family, (segments,).

    Args:
        flags: Flags of segments, (segments, 6).
        name: Name of a label or of a family.

    Raises:
        ConfigError: If there is no label or family of that name.
    """
    if name not in LABELS and name not in FAMILIES:
        raise unknown("label", name, (*LABELS, *FAMILIES))
    columns = [LABELS.index(label) for label in FAMILIES.get(name, (name,))]
    return np.logical_or.reduce(flags[:, columns], axis=1)


def percentages(flags: Flags) -> dict[str, float]:
    """Percentage of segments with each label and family, and with none, to two decimals."""
    shares = {name: float(member(flags, name).mean()) for name in (*REASONING, "reasoning", *VISUAL, "visual")}
    shares["none"] = float((~flags.any(axis=1)).mean())
    return {name: round(100 * share, 2) for name, share in shares.items()}


def dated(versions: Sequence[Version]) -> list[dict[str, str]]:
    """Versions as they stand in `shares.json`."""
    return [{"date": version.date.isoformat(), "labeller": version.labeller} for version in versions]


def day_start(day: date) -> datetime:
    """The first moment of a day, in UTC: the event time of the labels of that day."""
    return datetime.combine(day, time(), UTC)


def segment_id(source: str, document: str, segment: int) -> str:
    """Identity of a segment across sources."""
    return f"{source}/{document}#{segment}"


def labels_table(source: str, version: Version, labels: SegmentLabels) -> pa.Table:
    """Rows of one version of the labels of segments."""
    count = len(labels.documents)
    columns: dict[str, Any] = {
        SEGMENT_ID: list(map(segment_id, [source] * count, labels.documents, labels.segments)),
        EVENT_TIMESTAMP: [day_start(version.date)] * count,
        "document": labels.documents,
        "segment": labels.segments,
        "labeller": [version.labeller] * count,
    }
    columns |= {label: labels.flags[:, index] for index, label in enumerate(LABELS)}
    return pa.table(columns, schema=_LABELS_SCHEMA)


def statistics_table(segments: Sequence[Segment], day: date) -> pa.Table:
    """Rows of what is counted of segments; it never changes, so its date is that of the first labels."""
    columns: dict[str, Any] = {
        SEGMENT_ID: [segment_id(segment.source, segment.document, segment.segment) for segment in segments],
        EVENT_TIMESTAMP: [day_start(day)] * len(segments),
        "characters": [len(segment.text) for segment in segments],
    }
    columns |= {name: [getattr(segment, name) for segment in segments] for name in _STATISTICS_SCHEMA.names[2:6]}
    return pa.table(columns, schema=_STATISTICS_SCHEMA)


def segment_labels(rows: pa.Table) -> SegmentLabels:
    """What rows of one version say."""
    flags = np.column_stack([rows[label].to_numpy(zero_copy_only=False) for label in LABELS])
    return SegmentLabels(rows["document"].to_pylist(), rows["segment"].to_pylist(), flags.astype(np.bool_))


def joined(parts: Iterator[SegmentLabels]) -> SegmentLabels:
    """Labels of consecutive segments as one."""
    documents: list[str] = []
    segments: list[int] = []
    flags = [np.empty((0, len(LABELS)), np.bool_)]
    for part in parts:
        documents += part.documents
        segments += part.segments
        flags.append(part.flags)
    return SegmentLabels(documents, segments, np.concatenate(flags))


def write_partition(directory: Path, source: str, index: int, labels: pa.Table, statistics: pa.Table) -> None:
    """Writes a partition's labels, all versions of them, and its statistics."""
    write_table(directory / partition("statistics", source, index), statistics)
    write_table(directory / partition("labels", source, index), labels)


def write_table(path: Path, table: pa.Table) -> None:
    """Writes a file that is there whole or not at all, making its folder."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(".draft")
    pq.write_table(table, draft, compression="zstd")
    draft.rename(path)


def partition(folder: str, source: str, index: int) -> str:
    """Path of a partition's file within the artifact."""
    return f"{folder}/{source}.{index:05d}.parquet"
