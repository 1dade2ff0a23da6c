"""What the cells of a row say: its choices and right answer, its accepted answers, its image."""

import ast
import base64
import binascii
import re
import string
from collections.abc import Mapping, Sequence
from typing import Any

from inkling.components.artifacts.suite import Columns, Fault, Suite

Cells = Mapping[str, Any]
_LETTERED = re.compile(r"^\s*\(?([A-Z])[.):]\s*(.*\S)\s*$")


class RowError(ValueError):
    """A row that cannot be used; the message says why.

    Attributes:
        fault: What kind of row it is, where a suite may leave such rows out.
    """

    def __init__(self, message: str, fault: Fault | None = None) -> None:
        """Takes the words and the kind."""
        super().__init__(message)
        self.fault = fault


def text_of(cells: Cells, column: str, what: str) -> str:
    """A text that must be there.

    Raises:
        RowError: If it is not.
    """
    value = cells[column]
    if value is None:
        raise RowError(f"it has no {what} (column '{column}')")
    return str(value).strip()


def optional(cells: Cells, column: str | None) -> str:
    """A text that may be missing; empty then."""
    value = None if column is None else cells[column]
    return "" if value is None else str(value).strip()


def question_of(suite: Suite, columns: Columns, cells: Cells) -> str:
    """The prompt's question, without what the suite takes out and without lines that list its choices.

    Raises:
        RowError: If there is none.
    """
    text = text_of(cells, columns.question, "question")
    if columns.choices_as == "lettered-lines" and columns.choices == columns.question:
        text = "\n".join(line for line in text.splitlines() if not _LETTERED.match(line))
    for passage in suite.remove:
        text = text.replace(passage, "")
    return suite.prompt.format(question=text.strip(), hint=optional(cells, columns.hint)).strip()


def answers_of(suite: Suite, columns: Columns, cells: Cells) -> tuple[list[str], str, list[str]]:
    """The choices that there are, the right answer, and of an open question every accepted one.

    Raises:
        RowError: If the choices cannot be told apart, or not exactly one of them is right.
    """
    places = _places(suite, columns, cells)
    stated = cells[columns.answer]
    if not any(places) and columns.choices_as == "text-list" and str(stated).startswith("["):
        stated = _written(columns.answer, str(stated))
    answers = [str(one).strip() for one in (stated if isinstance(stated, list) else [stated]) if one is not None]
    answers = [one for one in answers if one]
    if not answers:
        raise RowError(f"it has no answer (column '{columns.answer}')", "without_answer")
    choices = [choice for choice in places if choice]
    if not choices and (suite.open or not (suite.choices or columns.choices)):
        return [], answers[0], answers
    if len(choices) < 2:
        raise RowError(f"it has {len(choices)} choices, and two are needed", "without_choices" if not choices else None)
    if len(set(choices)) < len(choices):
        raise RowError(f"two of its choices are the same: {', '.join(choices)}")
    if len(places) > len(string.ascii_uppercase):
        raise RowError(f"it has {len(places)} choices, and there are letters for {len(string.ascii_uppercase)}")
    if len(answers) > 1:
        raise RowError(f"{len(answers)} of its choices are right, and one may be: {', '.join(answers)}")
    return choices, _right(columns, places, answers[0]), []


def _places(suite: Suite, columns: Columns, cells: Cells) -> list[str]:
    """The choices as the row states them, empty where one is missing."""
    if columns.choices is None:
        return list(suite.choices)
    if not isinstance(columns.choices, str):
        stated: Any = [cells[name] for name in columns.choices]
    elif columns.choices_as == "lettered-lines":
        lines = str(cells[columns.choices] or "").splitlines()
        stated = [match[2] for line in lines if (match := _LETTERED.match(line))]
    else:
        stated = cells[columns.choices]
        if isinstance(stated, str) and columns.choices_as == "text-list":
            stated = _written(columns.choices, stated)
    if stated is None:
        stated = []
    if not isinstance(stated, list):
        raise RowError(f"column '{columns.choices}' holds no list of choices")
    return ["" if choice is None else str(choice).strip() for choice in stated]


def _written(column: str, text: str) -> Any:
    """The list that a text writes, as Python prints one."""
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        raise RowError(f"column '{column}' writes no list: {text[:60]!r}") from None


def _right(columns: Columns, places: Sequence[str], answer: str) -> str:
    """The choice that an answer names."""
    choices = [choice for choice in places if choice]
    if columns.answer_as == "text":
        alike = [choice for choice in choices if choice == answer] or [
            choice for choice in choices if choice.casefold() == answer.casefold()
        ]
        if len(alike) != 1:
            raise RowError(f"the answer '{answer}' is none of the choices: {', '.join(choices)}")
        return alike[0]
    letters = string.ascii_uppercase[: len(places)]
    lettered = columns.answer_as == "letter"
    names = list(letters) if lettered else [str(index) for index in range(len(places))]
    named = dict(zip(names, places, strict=True))
    bare = answer.strip("().: ").upper() if lettered else answer
    if right := named.get(bare):
        return right
    several = [name for name in re.split(r"[\s,;&/]+|and", bare, flags=re.IGNORECASE) if named.get(name.strip())]
    if len(several) > 1:
        raise RowError(f"{len(several)} of its choices are right, and one may be: {', '.join(several)}")
    valid = [name for name, choice in named.items() if choice]
    raise RowError(f"the answer '{answer}' names no choice. Valid: {', '.join(valid)}")


def image_of(columns: Columns, cells: Cells, pictures: Mapping[str, bytes] | None) -> bytes:
    """The bytes of a row's one image.

    Args:
        columns: Which columns hold it.
        cells: The row.
        pictures: The images by the name that rows give them; None where rows hold their images.

    Raises:
        RowError: If it has none, or several.
    """
    value = cells[columns.image]
    if any(cells[name] for name in columns.further_images) or (isinstance(value, list) and len(value) > 1):
        raise RowError("it shows several images, and one is read", "several_images")
    if pictures is not None and value is not None:
        if (name := str(value).strip()) not in pictures:
            raise RowError(f"its image '{name}' is not in the table of images", "missing_image")
        return pictures[name]
    return image_bytes(value)


def image_bytes(value: Any) -> bytes:
    """Bytes of an image: as they are, in a struct as Hugging Face's datasets write it, the one of a list, or in base64.

    Raises:
        RowError: If there are none.
    """
    if isinstance(value, list) and len(value) == 1:
        (value,) = value
    if isinstance(value, Mapping):
        value = value.get("bytes")
    if isinstance(value, str):
        try:
            return base64.b64decode(value.partition("base64,")[2] or value, validate=True)
        except (binascii.Error, ValueError):
            raise RowError("its image is no base64; a path is not followed, put the image's bytes there") from None
    if not isinstance(value, bytes):
        raise RowError(
            "it has no image: expected bytes, a struct with `bytes`, or text in base64",
            "missing_image" if not value else None,
        )
    return value
