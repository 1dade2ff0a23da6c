"""Labels as they were on a day: a point-in-time retrieval through Feast, a partition at a time."""

import tempfile
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq

from inkling.components.artifacts.labels import (
    EVENT_TIMESTAMP,
    LABELS,
    SEGMENT_ID,
    Labels,
    SegmentLabels,
    day_start,
    segment_labels,
)
from inkling.components.artifacts.manifest import ArtifactError
from inkling.components.config import ConfigError
from inkling.components.progress import Progress

if TYPE_CHECKING:
    from feast import Entity, FeatureStore


@dataclass(frozen=True)
class RetrievedLabels(Labels):
    """A Labels artifact, read as it was on a day.

    Attributes:
        day: The day.
    """

    day: date

    def read_partitions(self, source: str) -> Iterator[SegmentLabels]:
        """The labels that a source's segments had on the day, a partition at a time.

        Raises:
            ConfigError: If there is no such source; it names those that there are.
            ArtifactError: If a segment had no labels on that day.
        """
        from inkling.components.artifacts.feature_views import segment_entity

        paths = self.partitions(source)
        with (
            tempfile.TemporaryDirectory() as registry,
            Progress(f"retrieving labels of {source}", len(paths), "partitions") as progress,
        ):
            store, segment = _store(Path(registry)), segment_entity()
            for path in paths:
                yield self._retrieve(store, segment, path)
                progress.advance()

    def _retrieve(self, store: "FeatureStore", segment: "Entity", path: Path) -> SegmentLabels:
        """Has Feast look up every segment of a partition on the day."""
        import pandas as pd

        from inkling.components.artifacts.feature_views import LABELS_VIEW, labels_view

        first = day_start(self.versions()[0].date)
        keys = pq.read_table(path, columns=[SEGMENT_ID, "document", "segment"], filters=[(EVENT_TIMESTAMP, "=", first)])
        wanted = pd.DataFrame({SEGMENT_ID: keys[SEGMENT_ID].to_pylist(), EVENT_TIMESTAMP: day_start(self.day)})
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            store.apply([segment, labels_view(segment, path)])
            job = store.get_historical_features(wanted, [f"{LABELS_VIEW}:{label}" for label in LABELS])
            found = job.to_df().set_index(SEGMENT_ID)[list(LABELS)].reindex(wanted[SEGMENT_ID])
        if found.isna().to_numpy().any():
            absent = found.index[found.isna().any(axis=1)][0]
            raise ArtifactError(f"{path}: '{absent}' had no labels on {self.day}")
        columns = {label: pa.array(found[label].astype(bool)) for label in LABELS}
        rows = pa.table({"document": keys["document"], "segment": keys["segment"], **columns})
        return segment_labels(rows)


def as_of(labels: Labels, day: date | None) -> RetrievedLabels:
    """Labels as they were on a day.

    Args:
        labels: The labels.
        day: The day; None for that of the latest version.

    Raises:
        ConfigError: If there were no labels yet; it names the first day that there were.
    """
    versions = labels.versions()
    if day and day < versions[0].date:
        raise ConfigError(f"mixture.as_of is {day}, before the first labels, which are of {versions[0].date}")
    return RetrievedLabels(labels.path, labels.manifest, day or versions[-1].date)


def _store(directory: Path) -> "FeatureStore":
    """A feature store whose registry lives in a directory of its own, for retrievals only."""
    from feast import FeatureStore, RepoConfig

    config = RepoConfig(
        project="inkling",
        provider="local",
        registry=str(directory / "registry.db"),
        offline_store={"type": "dask"},
        online_store={"type": "sqlite", "path": str(directory / "online.db")},
        repo_path=directory,
    )
    return FeatureStore(config=config)
