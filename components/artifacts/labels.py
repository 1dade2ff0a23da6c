"""The Labels artifact: which of the six labels of LSBS each segment of a corpus carries."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from inkling.components.artifacts.artifact import Artifact
from inkling.components.artifacts.corpus import BATCH, Corpus
from inkling.components.artifacts.manifest import ArtifactError
from inkling.components.config import unknown

REASONING, VISUAL = (("code", "math", "science"), ("concept", "attribute", "relationship"))
LABELS = (*REASONING, *VISUAL)
"""The labels, as defined in LSBS appendix B; a segment may carry any number of them."""
FAMILIES = {"reasoning": REASONING, "visual": VISUAL}
"""Families of labels: a segment is of a family if it carries one of its labels at least (LSBS: "combination")."""
SHARES = "shares.json"
Flags = NDArray[np.bool_]
_SCHEMA = pa.schema({"document": pa.string(), "segment": pa.int32(), **dict.fromkeys(LABELS, pa.bool_())})


@dataclass(frozen=True)
class SegmentLabels:
    """Labels of the segments of one source, in the order of the corpus.

    Attributes:
        documents: Identity of each segment's document.
        segments: Each segment's index within its document.
        flags: Whether a segment carries a label, (segments, 6), columns as in `LABELS`.
    """

    documents: list[str]
    segments: list[int]
    flags: Flags


class Labels(Artifact):
    """Labels of every segment of a corpus."""

    type: ClassVar[str] = "Labels"

    def shares(self) -> dict[str, dict[str, float]]:
        """Percentage of the segments with each label and family, by source; "none" is those without any."""
        report: dict[str, Any] = json.loads((self.path / SHARES).read_text())
        return {source: entry["percent"] for source, entry in report["sources"].items()}

    def of(self, source: str) -> SegmentLabels:
        """The labels of a source's segments.

        Raises:
            ConfigError: If there is no such source; it names those that there are.
        """
        if source not in self.shares():
            raise unknown("labelled source", source, self.shares())
        table = pq.read_table(self.path / _file(source))
        flags = np.column_stack([table[label].to_numpy(zero_copy_only=False) for label in LABELS])
        return SegmentLabels(table["document"].to_pylist(), table["segment"].to_pylist(), flags.astype(np.bool_))

    def batches(self, source: str) -> Iterator[SegmentLabels]:
        """The same in the batches of the corpus, so that memory does not grow with it.

        Raises:
            ConfigError: If there is no such source; it names those that there are.
        """
        if source not in self.shares():
            raise unknown("labelled source", source, self.shares())
        with pq.ParquetFile(self.path / _file(source)) as file:
            for batch in file.iter_batches(BATCH):
                flags = np.column_stack([batch[label].to_numpy(zero_copy_only=False) for label in LABELS])
                documents, segments = (batch[name].to_pylist() for name in ("document", "segment"))
                yield SegmentLabels(documents, segments, flags.astype(np.bool_))

    def check(self, corpus: Corpus) -> None:
        """Checks that these are labels of a given corpus.

        Raises:
            ArtifactError: If they were made for another one.
        """
        if self.manifest.provenance.inputs.get("corpus") != corpus.digest:
            raise ArtifactError(f"{self.path} holds labels of another corpus than {corpus.path}: label it anew")


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


def write_labels(directory: Path, source: str, labels: SegmentLabels) -> None:
    """Writes the labels of one source."""
    columns: dict[str, Any] = {"document": labels.documents, "segment": labels.segments}
    columns |= {label: labels.flags[:, index] for index, label in enumerate(LABELS)}
    path = directory / _file(source)
    path.parent.mkdir(exist_ok=True)
    pq.write_table(pa.table(columns, schema=_SCHEMA), path, compression="zstd")


def _file(source: str) -> str:
    return f"labels/{source}.parquet"
