"""A sheet for a person's answers, CSV or JSONL, and beside it what must not be seen: the labeller's labels."""

import csv
import hashlib
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np

from inkling.components.artifacts.labels import LABELS, Flags
from inkling.components.label.audit_sample import Drawn
from inkling.components.shared.config import ConfigError, unknown
from inkling.models.strict_json import to_json

_COLUMNS = ("id", "source", *LABELS, "text")
_ANSWERS = {"1": True, "true": True, "yes": True, "x": True, "0": False, "false": False, "no": False}
SUFFIXES = (".csv", ".jsonl")


def write_sheet(path: Path, sample: Sequence[Drawn], labeller: str, seed: int) -> Path:
    """Writes the sample for a reader, in random order and without the labeller's labels, and the key to it.

    Returns:
        The file of the key.

    Raises:
        ConfigError: If the name ends in neither `.csv` nor `.jsonl`, or there is such a file: it may hold answers.
    """
    check_name(path)
    if path.exists():
        raise ConfigError(f"{path} exists and may hold answers: remove it, or name another sheet")
    order = np.random.default_rng(seed).permutation(len(sample))
    rows = [{"id": _identity(sample[i]), "source": sample[i].source, "text": sample[i].text} for i in order]
    if path.suffix == ".csv":
        with path.open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, _COLUMNS, restval="")
            writer.writeheader()
            writer.writerows(rows)
    else:
        blank = dict.fromkeys(LABELS)
        lines = (to_json({"id": row["id"], "source": row["source"], **blank, "text": row["text"]}) for row in rows)
        path.write_text("".join(line + "\n" for line in lines), encoding="utf-8")
    key = key_file(path)
    hidden = {"labeller": labeller, "sample": [asdict(one) for one in sample]}
    key.write_text(to_json(hidden, indent=1) + "\n", encoding="utf-8")
    return key


def read_sheet(path: Path) -> tuple[str, list[Drawn], Flags]:
    """The labeller, the segments that a person has answered, and her answers, (segments, 6).

    A segment counts as answered if all six labels are; weights are scaled so that those answered of a stratum stand
    for all that were drawn from it.

    Raises:
        ConfigError: If the sheet, its key or an answer cannot be read, or nothing is answered.
    """
    check_name(path)
    if not key_file(path).is_file():
        raise ConfigError(f"{key_file(path)} is missing; `inkling labels sample` writes it beside the sheet")
    hidden = json.loads(key_file(path).read_text("utf-8"))
    drawn = [Drawn(**{**row, "flags": tuple(row["flags"])}) for row in hidden["sample"]]
    sample = {_identity(one): one for one in drawn}
    answers: dict[str, list[bool]] = {}
    for number, row in enumerate(_rows(path), start=1):
        name = str(row.get("id"))
        if name not in sample or name in answers:
            raise ConfigError(f"{path}, row {number}: id '{name}' is {'there twice' if name in answers else 'unknown'}")
        answer = _answer(row, f"{path}, row {number}")
        if answer is not None:
            answers[name] = answer
    if not answers:
        raise ConfigError(f"{path} holds no answers: write 1 or 0 into the columns {', '.join(LABELS)}")
    drawn_counts = Counter(one.stratum for one in drawn)
    answered_counts = Counter(sample[name].stratum for name in answers)
    weighed = [
        (one, drawn_counts[one.stratum] / answered_counts[one.stratum]) for one in map(sample.__getitem__, answers)
    ]
    answered = [replace(one, weight=one.weight * factor) for one, factor in weighed]
    return hidden["labeller"], answered, np.array(list(answers.values()))


def check_name(path: Path) -> None:
    """Checks that a sheet's name has a format's suffix.

    Raises:
        ConfigError: If it does not.
    """
    if path.suffix not in SUFFIXES:
        raise unknown("kind of sheet", path.suffix or path.name, SUFFIXES)


def key_file(path: Path) -> Path:
    """Where the key to a sheet lies."""
    return path.with_name(f"{path.name}.key.json")


def _identity(one: Drawn) -> str:
    """A name that tells a reader nothing."""
    return hashlib.sha256(f"{one.source}\0{one.document}\0{one.segment}".encode()).hexdigest()[:12]


def _rows(path: Path) -> list[Mapping[str, Any]]:
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            if path.suffix == ".csv":
                return list(csv.DictReader(file))
            return [json.loads(line) for line in file if line.strip()]
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror}") from None
    except (ValueError, csv.Error) as error:
        raise ConfigError(f"{path} is no {path.suffix[1:].upper()} in UTF-8: {error}") from None


def _answer(row: Mapping[str, Any], place: str) -> list[bool] | None:
    """The six answers of a row; None where there is none."""
    given = ["" if row.get(label) is None else str(row[label]).strip().lower() for label in LABELS]
    if not any(given):
        return None
    for label, value in zip(LABELS, given, strict=True):
        if value not in _ANSWERS:
            raise ConfigError(f"{place}: {label} is '{value}', not 1 or 0; answer all six labels of a segment, or none")
    return [_ANSWERS[value] for value in given]
