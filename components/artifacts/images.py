"""The picture store of an artifact: every picture once, as JPEG bytes under its name, in `images.parquet`."""

from collections.abc import Iterable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from inkling.components.shared.store.manifest import ArtifactError

IMAGES = "images.parquet"
_SCHEMA = pa.schema([("image_id", pa.string()), ("bytes", pa.binary())])


def write_images(directory: Path, images: Iterable[tuple[str, bytes]]) -> None:
    """Writes pictures, in the order given.

    Args:
        directory: Where `images.parquet` goes.
        images: Name and JPEG bytes of each picture.

    Raises:
        ValueError: If a name comes twice.
    """
    pairs = list(images)
    names = [name for name, _ in pairs]
    if len(set(names)) != len(names):
        raise ValueError("two pictures have the same image_id")
    table = pa.table({"image_id": names, "bytes": [data for _, data in pairs]}, schema=_SCHEMA)
    pq.write_table(table, directory / IMAGES, compression="none")


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
