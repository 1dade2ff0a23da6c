"""From the rows of a suite's files to its images and questions."""

import hashlib
import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from inkling.components.artifacts.questions import Question, SizeBucket, Split
from inkling.components.artifacts.suite import Bound, Columns, Fault, PictureTable, Suite
from inkling.components.suites.cells import (
    Cells,
    RowError,
    answers_of,
    image_bytes,
    image_of,
    optional,
    question_of,
    text_of,
)
from inkling.components.suites.rows import Row, read_rows
from inkling.models.vision.preprocess import ImageError, decode

_REASONS: dict[Fault, str] = {
    "missing_image": "have no image",
    "several_images": "show several images",
    "without_choices": "have no choices",
    "without_answer": "have no answer",
}
_NAMED = 10
"""Broken rows that a message names, at most."""


class SuiteError(ValueError):
    """A suite whose rows cannot be used; the message names them."""


@dataclass
class Read:
    """What a suite holds.

    Attributes:
        images: Bytes by image_id; equal images have one id.
        questions: The questions in stored order; their mismatched images are not drawn yet.
        left_out: Rows that are left out, by reason.
        families: The category of each family.
    """

    images: dict[str, bytes] = field(default_factory=dict)
    questions: list[Question] = field(default_factory=list)
    left_out: Counter[str] = field(default_factory=Counter)
    families: dict[str, str] = field(default_factory=dict)


def read_suite(suite: Suite, files: list[Path], picture_files: list[Path] | None = None) -> Read:
    """Reads a suite's files.

    Args:
        suite: What they hold.
        files: Those with the questions.
        picture_files: Those with the images, where the suite has `pictures`.

    Raises:
        SuiteError: If rows are broken, naming them, none is left, or a group is none that the metric counts as one.
    """
    assert suite.columns is not None
    columns = sorted({name for names in suite.columns_read().values() for name in names})
    pictures = _pictures(suite.pictures, picture_files or []) if suite.pictures else None
    read, broken, seen = Read(), list[str](), set[str]()
    for path in files:
        for row in read_rows(path, columns):
            identity = f" (id {row.values[suite.columns.id]})" if suite.columns.id else ""
            try:
                _take(suite, suite.columns, row, read, seen, pictures)
            except (RowError, ImageError) as error:
                if isinstance(error, RowError) and error.fault in suite.leave_out and error.fault is not None:
                    read.left_out[_REASONS[error.fault]] += 1
                else:
                    broken.append(f"{row.place}{identity}: {error}")
    if broken:
        more = f"\nand {len(broken) - _NAMED} more" if len(broken) > _NAMED else ""
        raise SuiteError(
            f"suite '{suite.name}': {len(broken)} rows cannot be used:\n" + "\n".join(broken[:_NAMED]) + more
        )
    if not any(question.split == "test" for question in read.questions):
        reasons = (
            "; ".join(f"{count} rows {reason}" for reason, count in read.left_out.items()) or "its files are empty"
        )
        raise SuiteError(f"suite '{suite.name}' has no test question: {reasons}")
    try:
        suite.metric.total(
            {one.question_id: one.chance for one in read.questions},
            {one.question_id: one.group for one in read.questions},
        )
    except ValueError as error:
        raise SuiteError(f"suite '{suite.name}': {error}") from None
    return read


def _pictures(table: PictureTable, files: list[Path]) -> dict[str, bytes]:
    """The images of a table by their names."""
    pictures = {}
    for path in files:
        for row in read_rows(path, [table.id, table.image]):
            try:
                pictures[text_of(row.values, table.id, "id")] = image_bytes(row.values[table.image])
            except RowError as error:
                raise SuiteError(f"{row.place}: {error}") from None
    return pictures


def _take(
    suite: Suite, columns: Columns, row: Row, read: Read, seen: set[str], pictures: Mapping[str, bytes] | None
) -> None:
    """Adds the questions of a row, if it is not left out."""
    cells = {name: _cell(value, suite) for name, value in row.values.items()}
    if not all(_wanted(optional(cells, name), values) for name, values in suite.where.items()):
        read.left_out["are of another part"] += 1
        return
    split = _split(suite, cells)
    if split is None:
        read.left_out["are of other splits"] += 1
        return
    text = question_of(suite, columns, cells)
    if suite.max_words is not None and len(text.split()) > suite.max_words:
        read.left_out[f"are longer than {suite.max_words} words"] += 1
        return
    identity = f"{suite.name}/{text_of(cells, columns.id, 'id') if columns.id else row.place}"
    if identity in seen:
        raise RowError(f"the id {identity} comes twice")
    picture = image_of(columns, cells, pictures)
    choices, answer, answers = answers_of(suite, columns, cells)
    decode(picture)
    image_id = f"{suite.name}/{hashlib.sha256(picture).hexdigest()[:16]}"
    category = _category(suite, optional(cells, columns.category) or suite.title)
    family = optional(cells, columns.family) or category
    if (before := read.families.setdefault(family, category)) != category:
        raise RowError(f"family '{family}' is of category '{category}', and before of '{before}'")
    question = _question(
        question_id=identity,
        image_id=image_id,
        mismatched_image_id="",
        question=text,
        choices=choices,
        answer=answer,
        category=category,
        family=family,
        size_bucket=_size_bucket(suite, optional(cells, columns.size_bucket)),
        split=split,
        suite=suite.name,
        cluster=optional(cells, columns.cluster),
        answers=answers,
        group=f"{suite.name}/{group}" if (group := optional(cells, columns.group)) else "",
    )
    seen.add(identity)
    read.images.setdefault(image_id, picture)
    read.questions += suite.metric.asked(question)


def _wanted(found: str, values: Bound | tuple[str, ...]) -> bool:
    """Whether a row is of the part that is read."""
    if not isinstance(values, Bound):
        return found in values
    try:
        return float(found) < values.below
    except ValueError:
        raise RowError(f"'{found}' is no number, and only those below {values.below:g} are read") from None


def _category(suite: Suite, found: str) -> str:
    """The category that a value of its column stands for."""
    for category in suite.categories:
        if found in (category.values or (category.name,)):
            return category.name
    if suite.categories:
        valid = [value for one in suite.categories for value in one.values or (one.name,)]
        raise RowError(f"category '{found}' is none of the suite's: {', '.join(valid)}")
    return found


def _question(**fields: Any) -> Question:
    try:
        return Question(**fields)
    except ValueError as error:
        raise RowError(str(error).partition(": ")[2]) from None


def _cell(value: Any, suite: Suite) -> Any:
    """A cell, None where it stands for no value."""
    if isinstance(value, float) and math.isnan(value):
        return None
    if isinstance(value, str) and (not value.strip() or value.strip() in suite.missing):
        return None
    return value


def _split(suite: Suite, cells: Cells) -> Split | None:
    """The split of a row; None where it is of none that is read."""
    if not suite.splits or suite.columns is None:
        return "test"
    found = optional(cells, suite.columns.split)
    return next((split for split, values in suite.splits.items() if found in values), None)


def _size_bucket(suite: Suite, found: str) -> SizeBucket:
    """The bucket of a row's object, by what its column says."""
    if not suite.size_buckets:
        return cast(SizeBucket, found or "none")
    for bucket, values in suite.size_buckets.items():
        if found in values:
            return bucket
    valid = [value for values in suite.size_buckets.values() for value in values]
    raise RowError(f"'{found}' is none of the suite's size buckets: {', '.join(valid)}")
