"""Labels as they were on a day: a point-in-time retrieval through Feast, a partition at a time."""

import tempfile
import warnings
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq

from inkling.components.artifacts.labels import (
    EVENT_TIMESTAMP,
    LABELS,
    SEGMENT_ID,
    SHARES,
    Labels,
    Version,
    day_start,
    labels_table,
    segment_labels,
    write_table,
)
from inkling.components.shared.config import ConfigError
from inkling.components.shared.runtime.progress import Progress
from inkling.components.shared.store.manifest import ArtifactError

if TYPE_CHECKING:
    from feast import FeatureStore


def version_on(labels: Labels, day: date | None) -> Version:
    """The version of labels that held on a day.

    Args:
        labels: The labels.
        day: The day; None for the latest version.

    Raises:
        ConfigError: If there were no labels yet; it names the first day that there were.
    """
    versions = labels.versions()
    held = [version for version in versions if day is None or version.date <= day]
    if not held:
        raise ConfigError(f"mixture.as_of is {day}, before the first labels, which are of {versions[0].date}")
    return held[-1]


def retrieve(labels: Labels, day: date | None, directory: Path) -> Labels:
    """Has Feast look up every segment's labels on a day, and writes what it finds.

    Args:
        labels: The labels.
        day: The day; None for that of the latest version.
        directory: Where the files go; those that a killed retrieval has written are kept.

    Returns:
        Labels with what held on the day as their only version. They can be read again at no cost, by any process.

    Raises:
        ConfigError: If there were no labels yet on the day.
        ArtifactError: If a segment had none.
    """
    version = version_on(labels, day)
    paths = {path: source for source in labels.shares() for path in labels.partitions(source)}
    with tempfile.TemporaryDirectory() as registry, Progress("retrieving labels", len(paths), "partitions") as progress:
        for path, source in paths.items():
            place = directory / path.relative_to(labels.path)
            if not place.exists():
                found = _look_up(Path(registry), path, labels.versions()[0].date, day or version.date)
                write_table(place, labels_table(source, version, segment_labels(found)))
            progress.advance()
    labels.write_report(directory / SHARES, [version])
    return Labels(directory, labels.manifest)


def _look_up(registry: Path, path: Path, first: date, day: date) -> pa.Table:
    """What Feast says of the segments of a partition on a day, in the order of the corpus."""
    import pandas as pd

    from inkling.components.mixture.feature_views import LABELS_VIEW, labels_view, segment_entity

    columns = [SEGMENT_ID, "document", "segment"]
    keys = pq.read_table(path, columns=columns, filters=[(EVENT_TIMESTAMP, "=", day_start(first))])
    wanted = pd.DataFrame({SEGMENT_ID: keys[SEGMENT_ID].to_pylist(), EVENT_TIMESTAMP: day_start(day)})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        store, segment = _store(registry), segment_entity()
        store.apply([segment, labels_view(segment, path)])
        job = store.get_historical_features(wanted, [f"{LABELS_VIEW}:{label}" for label in LABELS])
        found = job.to_df().set_index(SEGMENT_ID)[list(LABELS)].reindex(wanted[SEGMENT_ID])
    if found.isna().to_numpy().any():
        absent = found.index[found.isna().any(axis=1)][0]
        raise ArtifactError(f"{path}: '{absent}' had no labels on {day}")
    flags = {label: pa.array(found[label].astype(bool)) for label in LABELS}
    return pa.table({"document": keys["document"], "segment": keys["segment"], **flags})


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
