"""Rows of benchmark files, Parquet or JSON lines, one after the other."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from inkling.components.shared.config import ConfigError
from inkling.components.shared.text import require_text

FORMATS = (".parquet", ".jsonl")


@dataclass(frozen=True)
class Row:
    """One row.

    Attributes:
        place: Its file and its number in it, from 1.
        values: What its columns hold.
    """

    place: str
    values: dict[str, Any]


def columns_of(path: Path) -> list[str]:
    """Names of the columns of a file; of JSON lines, the keys of the first.

    Raises:
        ConfigError: If the file is of neither format, or empty or damaged.
    """
    if path.suffix not in FORMATS:
        raise ConfigError(f"{path}: nothing is known of '{path.suffix}' files. Valid: {', '.join(FORMATS)}")
    try:
        if path.suffix == ".parquet":
            return list(pq.read_schema(path).names)
        with path.open("rb") as lines:
            return list(_object(next(lines)))
    except (OSError, ValueError, StopIteration, TypeError, RecursionError, pa.ArrowInvalid) as error:
        raise ConfigError(f"{path} cannot be read: {error!r}") from None


def read_rows(path: Path, columns: list[str]) -> Iterator[Row]:
    """The rows of a file.

    Args:
        path: The file.
        columns: What is read; a line of JSON may lack some.

    Raises:
        ConfigError: If a line is no JSON object.
    """
    if path.suffix == ".parquet":
        number = 0
        with pq.ParquetFile(path) as file:
            for batch in file.iter_batches(batch_size=256, columns=columns):
                for index in range(len(batch)):
                    number += 1
                    place = f"{path.name}, row {number}"
                    try:
                        yield Row(place, batch.slice(index, 1).to_pylist()[0])
                    except UnicodeDecodeError as error:
                        raise ConfigError(f"{place} holds text that is not UTF-8: {error.object[:40]!r}") from None
        return
    with path.open("rb") as lines:
        for number, line in enumerate(lines, 1):
            if not line.strip():
                continue
            place = f"{path.name}, row {number}"
            try:
                values = _object(line)
                cells = {name: values.get(name) for name in columns}
            except UnicodeDecodeError as error:
                raise ConfigError(f"{place} is not UTF-8: {error.object[error.start : error.end]!r}") from None
            except (ValueError, AttributeError, RecursionError):
                raise ConfigError(f"{place} is no JSON object") from None
            require_text(cells, place)
            yield Row(place, cells)


def _object(line: bytes) -> Any:
    return json.loads(line.decode().lstrip("\ufeff"))
