"""Writing Multi-Level Existence questions as one Parquet file, which the suite `existence` reads."""

import io
import json
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image

from inkling.components.shared.config import ConfigError, unknown
from inkling.components.suites.existence.annotated import (
    AnnotatedPicture,
    AnnotatedPictures,
    read_artifact,
    read_coco,
    refuse,
)
from inkling.components.suites.existence.asking import CHOICES, ExistenceQuestion, existence_questions
from inkling.models.vision.preprocess import ImageError, decode

_ROWS = 256  # of a row group: as many rows as are held at one time
_SCHEMA = pa.schema(
    [
        ("question_id", pa.string()),
        ("image", pa.struct([("bytes", pa.binary()), ("path", pa.string())])),
        ("question", pa.string()),
        ("choices", pa.list_(pa.string())),
        ("answer", pa.string()),
        ("category", pa.string()),
        ("family", pa.string()),
        ("size_bucket", pa.string()),
        ("share", pa.float64()),
    ]
)


@dataclass(frozen=True)
class BuiltExistence:
    """What was made.

    Attributes:
        questions: Questions by category and size bucket.
        pictures: Pictures that were asked about.
        left_out: Pictures that were not: nothing large enough, too few things known absent, or enough of its bucket.
        guesser: Accuracy on four choices of who knows only how often each word is right; chance is a quarter.
    """

    questions: Counter[tuple[str, str]]
    pictures: int
    left_out: int
    guesser: float


def build_existence(
    annotations: Path,
    images: Path | None,
    output: Path,
    seed: int = 0,
    smallest: float = 0.01,
    per_bucket: int | None = None,
    synonyms: Sequence[Collection[str]] = (),
) -> BuiltExistence:
    """Makes questions of annotated pictures.

    Args:
        annotations: A COCO-style JSON file, or a Questions or Conversations artifact of rendered scenes.
        images: The folder of the pictures that a JSON file names.
        output: The Parquet file.
        seed: Draws pictures, things and distractors.
        smallest: Share of its picture's pixels from which a thing is asked about.
        per_bucket: Things of a size bucket, at most.
        synonyms: Groups of classes that mean much the same.

    Raises:
        ArtifactError: If an artifact is not what its manifest says.
        ConfigError: If the input cannot be used, named and counted; nothing is written then.
    """
    if output.suffix != ".parquet":
        raise ConfigError(f"{output}: the questions are written as Parquet; name a file that ends in .parquet")
    if annotations.is_dir():
        if images is not None:
            raise ConfigError(f"{annotations} holds its pictures; leave out the folder {images}")
        shown = read_artifact(annotations)
    elif images is None or not images.is_dir():
        raise ConfigError(f"{annotations} names pictures; state the folder in which they lie ({images} is none)")
    else:
        shown = read_coco(annotations, images)
    _check(annotations, shown, synonyms)
    questions = existence_questions(shown, seed, smallest, per_bucket, synonyms)
    if not questions:
        raise ConfigError(
            f"{annotations}: nothing to ask: no thing covers {smallest:.2%} of its picture, or too few are absent"
        )
    _write(annotations, questions, output)
    pictures = len({one.picture.name for one in questions})
    return BuiltExistence(
        Counter((one.category, one.size_bucket) for one in questions),
        pictures,
        len(shown.pictures) - pictures,
        _guesser([one for one in questions if len(one.choices) == CHOICES]),
    )


def read_synonyms(path: Path) -> list[list[str]]:
    """Groups of classes that mean much the same, out of a JSON file: a list of lists of names.

    Raises:
        ConfigError: If it holds something else.
    """
    try:
        groups = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError) as error:
        raise ConfigError(f"{path} cannot be read: {error}") from None
    if not isinstance(groups, list) or not all(
        isinstance(group, list) and len(group) > 1 and all(isinstance(word, str) for word in group) for group in groups
    ):
        raise ConfigError(f'{path} holds no list of lists of two classes or more, as [["sofa", "couch"]]')
    return groups


def _check(path: Path, shown: AnnotatedPictures, synonyms: Sequence[Collection[str]]) -> None:
    if len(shown.classes) < CHOICES:
        named = ", ".join(shown.classes) or "none"
        raise ConfigError(f"{path} has {len(shown.classes)} classes ({named}), and four choices need four")
    for word in (word for group in synonyms for word in group):
        if word not in shown.classes:
            raise unknown("class among the synonyms", word, shown.classes)


def _write(path: Path, questions: Sequence[ExistenceQuestion], output: Path) -> None:
    """Writes the file, whole or not at all."""
    output.parent.mkdir(parents=True, exist_ok=True)
    partial = output.with_name(f"{output.name}.partial")
    faults = list[str]()
    try:
        with pq.ParquetWriter(partial, _SCHEMA) as writer:
            rows = list[dict[str, Any]]()
            for row in _rows(questions, faults):
                rows.append(row)
                if len(rows) == _ROWS:
                    writer.write_table(pa.Table.from_pylist(rows, schema=_SCHEMA))
                    rows = []
            writer.write_table(pa.Table.from_pylist(rows, schema=_SCHEMA))
        refuse(path, "pictures", faults)
        partial.rename(output)
    finally:
        partial.unlink(missing_ok=True)


def _rows(questions: Sequence[ExistenceQuestion], faults: list[str]) -> Iterator[dict[str, Any]]:
    """The rows of the table; pictures that cannot be shown, or are not of the size that was annotated, are faults."""
    picture: AnnotatedPicture | None = None
    data, number = b"", 0
    for one in questions:
        if one.picture is not picture:
            picture, number = one.picture, 0
            try:
                data = _checked(picture)
            except (ImageError, OSError) as error:
                faults.append(f"{picture.name}: {error}")
        yield {
            "question_id": f"{picture.name}-{number}",
            "image": {"bytes": data, "path": picture.name},
            "question": one.question,
            "choices": one.choices,
            "answer": one.answer,
            "category": one.category,
            "family": one.family,
            "size_bucket": one.size_bucket,
            "share": one.share,
        }
        number += 1


def _checked(picture: AnnotatedPicture) -> bytes:
    """The bytes of a picture that can be shown and is of the size that was annotated.

    Raises:
        ImageError: If it is not.
    """
    data = picture.read()
    decode(data)
    with Image.open(io.BytesIO(data)) as image:  # as stored: masks know nothing of EXIF's turns
        width, height = image.size
    if (width, height) != (picture.width, picture.height):
        raise ImageError(
            f"it has {width} x {height} pixels, and its annotations are of {picture.width} x {picture.height}"
        )
    return data


def _guesser(questions: Sequence[ExistenceQuestion]) -> float:
    """Accuracy of always taking the choice that is right most often among its appearances; equals share."""
    right = Counter(one.answer for one in questions)
    listed = Counter(choice for one in questions for choice in one.choices)
    earned = 0.0
    for one in questions:
        rates = {choice: right[choice] / listed[choice] for choice in one.choices}
        best = [choice for choice, rate in rates.items() if rate == max(rates.values())]
        earned += (one.answer in best) / len(best)
    return earned / len(questions)
