"""From the rows of a suite's files to its images and questions."""

import base64
import binascii
import hashlib
import math
import string
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from inkling.components.artifacts.questions import Question, SizeBucket, Split
from inkling.components.artifacts.suite import Columns, Suite
from inkling.components.suites.rows import Row, read_rows
from inkling.models.vision.preprocess import ImageError, decode

_NAMED = 10
"""Broken rows that a message names, at most."""


class SuiteError(ValueError):
    """A suite whose rows cannot be used; the message names them."""


class RowError(ValueError):
    """A row that cannot be used; the message says why."""


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


def read_suite(suite: Suite, files: list[Path]) -> Read:
    """Reads a suite's files.

    Raises:
        SuiteError: If rows are broken, naming them, or none is left.
    """
    assert suite.columns is not None
    columns = sorted({name for names in suite.columns.named().values() for name in names})
    read, broken, seen = Read(), list[str](), set[str]()
    for path in files:
        for row in read_rows(path, columns):
            identity = f" (id {row.values[suite.columns.id]})" if suite.columns.id else ""
            try:
                _take(suite, suite.columns, row, read, seen)
            except (RowError, ImageError) as error:
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
    return read


def _take(suite: Suite, columns: Columns, row: Row, read: Read, seen: set[str]) -> None:
    """Adds the question of a row, if it is not left out."""
    cells = {name: _cell(value, suite) for name, value in row.values.items()}
    split = _split(suite, cells)
    if split is None:
        read.left_out["are of other splits"] += 1
        return
    question_text = _text(cells, columns.question, "question")
    text = suite.prompt.format(question=question_text, hint=_optional(cells, columns.hint)).strip()
    if suite.max_words is not None and len(text.split()) > suite.max_words:
        read.left_out[f"are longer than {suite.max_words} words"] += 1
        return
    identity = f"{suite.name}/{_text(cells, columns.id, 'id') if columns.id else row.place}"
    if identity in seen:
        raise RowError(f"the id {identity} comes twice")
    choices, answer = _choices(columns, cells)
    picture = _image(cells[columns.image])
    decode(picture)
    image_id = f"{suite.name}/{hashlib.sha256(picture).hexdigest()[:16]}"
    category = _optional(cells, columns.category) or suite.title
    if suite.categories and category not in (valid := [one.name for one in suite.categories]):
        raise RowError(f"category '{category}' is none of the suite's: {', '.join(valid)}")
    family = _optional(cells, columns.family) or category
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
        size_bucket=_size_bucket(suite, _optional(cells, columns.size_bucket)),
        split=split,
        suite=suite.name,
        cluster=_optional(cells, columns.cluster),
    )
    seen.add(identity)
    read.images.setdefault(image_id, picture)
    read.questions.append(question)


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


def _split(suite: Suite, cells: Mapping[str, Any]) -> Split | None:
    """The split of a row; None where it is of none that is read."""
    if not suite.splits or suite.columns is None:
        return "test"
    found = _optional(cells, suite.columns.split)
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


def _choices(columns: Columns, cells: Mapping[str, Any]) -> tuple[list[str], str]:
    """The choices that there are, and the right one of them."""
    stated = cells[columns.choices] if isinstance(columns.choices, str) else [cells[name] for name in columns.choices]
    if not isinstance(stated, list):
        raise RowError(f"column '{columns.choices}' holds no list of choices")
    places = ["" if choice is None else str(choice).strip() for choice in stated]
    choices = [choice for choice in places if choice]
    if len(choices) < 2:
        raise RowError(f"it has {len(choices)} choices, and two are needed")
    if len(set(choices)) < len(choices):
        raise RowError(f"two of its choices are the same: {', '.join(choices)}")
    answer = _text(cells, columns.answer, "answer")
    if columns.answer_as == "text":
        if answer not in choices:
            raise RowError(f"the answer '{answer}' is none of the choices: {', '.join(choices)}")
        return choices, answer
    letters = string.ascii_uppercase[: len(places)]
    names = list(letters) if columns.answer_as == "letter" else [str(index) for index in range(len(places))]
    right = dict(zip(names, places, strict=True)).get(answer.upper() if columns.answer_as == "letter" else answer, "")
    if not right:
        valid = [name for name, choice in zip(names, places, strict=True) if choice]
        raise RowError(f"the answer '{answer}' names no choice. Valid: {', '.join(valid)}")
    return choices, right


def _image(value: Any) -> bytes:
    """Bytes of an image: as they are, in a struct as Hugging Face's datasets write it, or in base64."""
    if isinstance(value, Mapping):
        value = value.get("bytes")
    if isinstance(value, str):
        try:
            return base64.b64decode(value.partition("base64,")[2] or value, validate=True)
        except (binascii.Error, ValueError):
            raise RowError("its image is no base64; a path is not followed, put the image's bytes there") from None
    if not isinstance(value, bytes):
        raise RowError("it has no image: expected bytes, a struct with `bytes`, or text in base64")
    return value


def _text(cells: Mapping[str, Any], column: str, what: str) -> str:
    value = cells[column]
    if value is None:
        raise RowError(f"it has no {what} (column '{column}')")
    return str(value).strip()


def _optional(cells: Mapping[str, Any], column: str | None) -> str:
    value = None if column is None else cells[column]
    return "" if value is None else str(value).strip()
