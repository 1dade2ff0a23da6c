"""Annotations: what lies where in each picture, to the pixel, in `annotations.parquet` beside the pictures.

A row is a picture: `image_id`, `width` and `height` in pixels, `objects` (the fields of `AnnotatedObject`, furthest
back first), and for one of two twins `twin` and `change`. Boxes and masks are those of COCO's annotations (Lin et al.
2014, arXiv 1405.0312): left, top, width and height in pixels, and run lengths down the columns, not compressed.
"""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Literal, get_args

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from inkling.components.shared.store.manifest import ArtifactError

ANNOTATIONS = "annotations.parquet"
ObjectKind = Literal["object", "shape", "sign", "bar"]
_OBJECT = pa.struct(
    [
        ("kind", pa.string()),
        ("word", pa.string()),
        ("colour", pa.string()),
        ("text", pa.string()),
        ("box", pa.list_(pa.float64())),
        ("area", pa.float64()),
        ("height", pa.float64()),
        ("depth", pa.int32()),
        ("counts", pa.list_(pa.int32())),
    ]
)
_SCHEMA = pa.schema(
    [
        ("image_id", pa.string()),
        ("width", pa.int32()),
        ("height", pa.int32()),
        ("objects", pa.list_(_OBJECT)),
        ("twin", pa.string()),
        ("change", pa.string()),
    ]
)


@dataclass(frozen=True)
class AnnotatedObject:
    """A thing in a picture.

    Attributes:
        kind: A thing of a class, a coloured shape, a sign or a bar of a chart.
        word: Its class, or the name of the shape; `sign` and `bar` for those.
        colour: Name of its colour; empty where it has no single one.
        text: What is written on it, in lower case; empty without.
        box: Left, top, width and height in pixels, of the part within the picture.
        area: Share of the picture's pixels on which it is seen.
        height: Of a bar, its height as a share of the chart's; 0 for other things.
        depth: Order from back to front: what has a larger number covers what has a smaller one.
        counts: Run lengths of its mask (`from_rle`); empty where there is no mask.
    """

    kind: ObjectKind
    word: str
    colour: str
    text: str
    box: tuple[float, float, float, float]
    area: float
    height: float = 0.0
    depth: int = 0
    counts: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        """Refuses what cannot be.

        Raises:
            ValueError: If its kind is unknown, or it is seen on less than no pixel or more than all.
        """
        if self.kind not in get_args(ObjectKind):
            raise ValueError(f"unknown kind of object {self.kind!r}. Valid: {', '.join(get_args(ObjectKind))}")
        if not 0 <= self.area <= 1:
            raise ValueError(f"object '{self.word}': its area is {self.area}, not a share of the picture's pixels")


@dataclass(frozen=True)
class ImageAnnotation:
    """All that a picture shows.

    Attributes:
        image_id: The picture.
        width, height: Its size in pixels.
        objects: What it shows, furthest back first.
        twin: image_id of the picture that differs from it in one change; empty without.
        change: What differs between the two: colour, position, class, count or relation.
    """

    image_id: str
    width: int
    height: int
    objects: tuple[AnnotatedObject, ...]
    twin: str = ""
    change: str = ""

    def mask(self, number: int) -> NDArray[np.bool_]:
        """The pixels on which an object is seen, (height, width).

        Raises:
            ValueError: If the object has no mask.
        """
        return from_rle(self.objects[number].counts, self.height, self.width)


def write_annotations(directory: Path, annotations: Iterable[ImageAnnotation]) -> None:
    """Writes the annotations of pictures, in the order given.

    Args:
        directory: Where `annotations.parquet` goes.
        annotations: One a picture; pictures may have none.
    """
    table = pa.Table.from_pylist([asdict(one) for one in annotations], schema=_SCHEMA)
    pq.write_table(table, directory / ANNOTATIONS, compression="none")


def read_annotations(directory: Path) -> dict[str, ImageAnnotation]:
    """Reads annotations by image_id, in stored order.

    Raises:
        ArtifactError: If the file is no table of annotations.
    """
    path = directory / ANNOTATIONS
    try:
        table = pq.read_table(path)
        if table.schema != _SCHEMA:
            raise ValueError(f"it has other columns than {_SCHEMA.names}")
        rows = [ImageAnnotation(**row) for row in table.to_pylist()]
        return {row.image_id: replace(row, objects=tuple(_object(**one) for one in row.objects)) for row in rows}  # type: ignore[arg-type]
    except (OSError, ValueError, TypeError) as error:
        raise ArtifactError(f"{path} cannot be read: {error}") from None


def to_rle(mask: NDArray[np.bool_]) -> tuple[int, ...]:
    """Run lengths of a mask (height, width): down the columns, first of pixels outside, then inside, and so on.

    Source: COCO's uncompressed run-length encoding, `counts` of its `segmentation`.
    """
    pixels = np.concatenate([[False], mask.ravel(order="F")])
    ends = np.flatnonzero(pixels[1:] != pixels[:-1])
    return tuple(np.diff(np.concatenate([[0], ends, [mask.size]])).tolist())


def from_rle(counts: Sequence[int], height: int, width: int) -> NDArray[np.bool_]:
    """The mask (height, width) of run lengths as `to_rle` makes them.

    Raises:
        ValueError: If they are not of a picture of that size.
    """
    if sum(counts) != height * width or min(counts, default=0) < 0:
        raise ValueError(f"run lengths of {sum(counts)} pixels are no mask of {height} x {width}")
    inside = np.arange(len(counts)) % 2 == 1
    return np.repeat(inside, counts).reshape((height, width), order="F")


def _object(box: list[float], counts: list[int], **rest: object) -> AnnotatedObject:
    left, top, width, height = box
    return AnnotatedObject(box=(left, top, width, height), counts=tuple(counts), **rest)  # type: ignore[arg-type]
