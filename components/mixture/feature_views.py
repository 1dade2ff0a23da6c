"""The Feast feature repository over a Labels artifact: one entity, the segment, with two feature views.

`statistics` is what is counted of a segment, `labels` is what it is judged to be and by whom; labels have versions,
distinguished by their event timestamps. `manifests/feast/repository.py` gives both to `feast apply`. Feast takes about
ten seconds to import and is imported only where it is used.
"""

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from inkling.components.artifacts.labels import EVENT_TIMESTAMP, LABELS, SEGMENT_ID

if TYPE_CHECKING:
    from feast import Entity, FeatureView
    from feast.types import PrimitiveFeastType

LABELS_VIEW, STATISTICS_VIEW = "labels", "statistics"


def segment_entity() -> "Entity":
    """The segment: a part of a document of a source, known by one string."""
    from feast import Entity, ValueType

    return Entity(
        name="segment",
        join_keys=[SEGMENT_ID],
        value_type=ValueType.STRING,
        description="A piece of a document: source/document#index.",
    )


def labels_view(segment: "Entity", path: Path) -> "FeatureView":
    """The labels of segments, every version of them.

    Args:
        segment: The entity.
        path: The `labels` folder of a Labels artifact, or one partition in it.
    """
    from feast.types import Bool, String

    types = {"labeller": String, **dict.fromkeys(LABELS, Bool)}
    return _view(LABELS_VIEW, segment, path, types, "Which labels of LSBS a segment carries, and who says so.")


def statistics_view(segment: "Entity", path: Path) -> "FeatureView":
    """What is counted of segments.

    Args:
        segment: The entity.
        path: The `statistics` folder of a Labels artifact, or one partition in it.
    """
    from feast.types import Int64, String

    types = {**dict.fromkeys(("source", "split", "licence"), String), **dict.fromkeys(("words", "characters"), Int64)}
    return _view(STATISTICS_VIEW, segment, path, types, "Source, split, licence and size of a segment.")


def _view(
    name: str, segment: "Entity", path: Path, types: "Mapping[str, PrimitiveFeastType]", description: str
) -> "FeatureView":
    from feast import FeatureView, Field, FileSource
    from feast.data_format import ParquetFormat
    from feast.types import String

    return FeatureView(
        name=name,
        entities=[segment],
        ttl=timedelta(0),  # what was judged holds until it is judged again
        schema=[Field(name=SEGMENT_ID, dtype=String), *(Field(name=key, dtype=kind) for key, kind in types.items())],
        source=FileSource(
            name=f"{name}_files", path=str(path.resolve()), file_format=ParquetFormat(), timestamp_field=EVENT_TIMESTAMP
        ),
        description=description,
    )
