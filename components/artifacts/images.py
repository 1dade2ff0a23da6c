"""The picture store of an artifact: every picture once, as JPEG bytes under its name, in `images.parquet`."""

from collections.abc import Iterable, Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from inkling.components.shared.store.manifest import ArtifactError

IMAGES = "images.parquet"
_GROUP_BYTES = 64 << 20
_SCHEMA = pa.schema([("image_id", pa.string()), ("bytes", pa.binary())])


def write_images(directory: Path, images: Iterable[tuple[str, bytes]]) -> None:
    """Writes pictures, in the order given.

    Args:
        directory: Where `images.parquet` goes.
        images: Name and JPEG bytes of each picture.

    Raises:
        ValueError: If a name comes twice.
    """
    names = set[str]()
    with pq.ParquetWriter(directory / IMAGES, _SCHEMA, compression="none") as writer:
        for group in _groups(images):
            for name, _ in group:
                if name in names:
                    raise ValueError("two pictures have the same image_id")
                names.add(name)
            columns = {"image_id": [name for name, _ in group], "bytes": [data for _, data in group]}
            writer.write_table(pa.table(columns, schema=_SCHEMA))


def _groups(images: Iterable[tuple[str, bytes]]) -> Iterator[list[tuple[str, bytes]]]:
    """Pictures in groups of at least `_GROUP_BYTES`, of which one at a time is held; one group where there is none."""
    group: list[tuple[str, bytes]] = []
    size = 0
    for name, data in images:
        group.append((name, data))
        size += len(data)
        if size >= _GROUP_BYTES:
            yield group
            group, size = [], 0
    yield group


def read_images(directory: Path) -> dict[str, bytes]:
    """Reads all pictures: JPEG bytes by name, in stored order.

    Raises:
        ArtifactError: If the file is no table of pictures.
    """
    path = directory / IMAGES
    try:
        table = pq.read_table(path)
    except (OSError, pa.ArrowInvalid) as error:
        raise ArtifactError(f"{path} cannot be read: {error}") from None
    if table.schema != _SCHEMA:
        raise ArtifactError(f"{path} has other columns than {_SCHEMA.names}")
    return dict(zip(table["image_id"].to_pylist(), table["bytes"].to_pylist(), strict=True))
