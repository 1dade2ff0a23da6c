"""Rows of benchmark files, Parquet or JSON lines, one after the other."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from inkling.components.shared.config import ConfigError

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
        with path.open(encoding="utf-8") as lines:
            first = json.loads(next(lines))
        return list(first)
    except (OSError, ValueError, StopIteration, TypeError, pa.ArrowInvalid) as error:
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
                for values in batch.to_pylist():
                    number += 1
                    yield Row(f"{path.name}, row {number}", values)
        return
    with path.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            if not line.strip():
                continue
            try:
                values = json.loads(line)
                yield Row(f"{path.name}, row {number}", {name: values.get(name) for name in columns})
            except (ValueError, AttributeError):
                raise ConfigError(f"{path.name}, row {number} is no JSON object") from None
