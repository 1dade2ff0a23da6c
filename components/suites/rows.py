"""Rows of benchmark files, Parquet or JSON lines, one after the other."""

import json
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import pyarrow as pa
import pyarrow.parquet as pq

from inkling.components.shared.config import ConfigError
from inkling.components.shared.storage.tables import columns_in
from inkling.components.shared.text import require_text

FORMATS = (".parquet", ".jsonl")
Kind = Literal["values", "bytes", "lists", "images", "image lists", "structs", "nothing"]
"""What a column holds: plain values, bytes, lists of plain values, structs with `bytes`, lists of such, others, or
nothing seen."""


@dataclass(frozen=True)
class Row:
    """One row.

    Attributes:
        place: Its file and its number in it, from 1.
        values: What its columns hold.
    """

    place: str
    values: dict[str, Any]


def columns_of(path: Path) -> dict[str, Kind]:
    """What each column of a file holds, and as `a.b` each field of its structs; of JSON lines, by the first.

    Raises:
        ConfigError: If the file is of neither format, or empty or damaged.
    """
    if path.suffix not in FORMATS:
        raise ConfigError(f"{path}: nothing is known of '{path.suffix}' files. Valid: {', '.join(FORMATS)}")
    if path.suffix == ".parquet":
        found: dict[str, Kind] = {}
        for name, kind in columns_in(path).items():
            found |= {name: _kind_of_type(kind), **_fields_of_type(name, kind)}
        return found
    try:
        with path.open("rb") as lines:
            first = _object(next(line for line in lines if line.strip()))
        return {
            **{name: _kind_of_value(value) for name, value in first.items()},
            **{f"{name}.{key}": kind for name, value in first.items() for key, kind in _fields_of_value(value).items()},
        }
    except StopIteration:
        raise ConfigError(f"{path} has no row") from None
    except (OSError, ValueError, AttributeError, RecursionError) as error:
        raise ConfigError(f"{path} cannot be read: {error!r}") from None


def check_column(path: Path, name: str, kind: Kind, kinds: Collection[Kind], filled: bool) -> None:
    """Refuses a column that cannot be read as what it is named for.

    Args:
        path: The file.
        name: The column.
        kind: What it holds.
        kinds: What it may hold.
        filled: Whether it must have a value in some row.

    Raises:
        ConfigError: If it is there twice or lacks values, or holds something else.
    """
    if path.suffix == ".parquet":
        stored = name if name in columns_in(path) else name.partition(".")[0]
        columns_in(path, [stored], [stored] if filled else [])
    if kind not in (*kinds, "nothing"):
        raise ConfigError(f"{path}: column '{name}' holds {kind}; expected {' or '.join(kinds)}")


def _kind_of_type(kind: pa.DataType) -> Kind:
    if pa.types.is_dictionary(kind):
        return _kind_of_type(kind.value_type)
    if pa.types.is_struct(kind):
        return "images" if kind.get_field_index("bytes") >= 0 else "structs"
    if pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind):
        if pa.types.is_struct(kind.value_type) and kind.value_type.get_field_index("bytes") >= 0:
            return "image lists"
        return "structs" if pa.types.is_nested(kind.value_type) else "lists"
    if pa.types.is_nested(kind):
        return "structs"
    if pa.types.is_binary(kind) or pa.types.is_large_binary(kind):
        return "bytes"
    return "nothing" if pa.types.is_null(kind) else "values"


def _fields_of_type(name: str, kind: pa.DataType) -> dict[str, Kind]:
    """The fields of a column's structs, or of the structs in its lists; none of images."""
    listed = pa.types.is_list(kind) or pa.types.is_large_list(kind)
    inner = kind.value_type if listed else kind
    if not pa.types.is_struct(inner) or inner.get_field_index("bytes") >= 0:
        return {}
    fields = {field.name: _kind_of_type(field.type) for field in inner}
    return {
        f"{name}.{key}": ("lists" if found == "values" else "structs") if listed else found
        for key, found in fields.items()
    }


def _fields_of_value(value: Any) -> dict[str, Kind]:
    if isinstance(value, dict) and "bytes" not in value:
        return {key: _kind_of_value(inner) for key, inner in value.items()}
    if isinstance(value, list) and value and isinstance(value[0], dict) and "bytes" not in value[0]:
        return dict.fromkeys(value[0], "lists")
    return {}


def _kind_of_value(value: Any) -> Kind:
    if isinstance(value, dict):
        return "images" if "bytes" in value else "structs"
    if isinstance(value, list) and value and isinstance(value[0], dict):
        return "image lists" if "bytes" in value[0] else "structs"
    return "nothing" if value is None else "lists" if isinstance(value, list) else "values"


def read_rows(path: Path, columns: list[str]) -> Iterator[Row]:
    """The rows of a file.

    Args:
        path: The file.
        columns: What is read, fields of structs as `a.b`; a line of JSON may lack some.

    Raises:
        ConfigError: If a line is no JSON object.
    """
    if path.suffix == ".parquet":
        number = 0
        with pq.ParquetFile(path) as file:
            names = file.schema_arrow.names
            stored = sorted({name if name in names else name.partition(".")[0] for name in columns})
            for batch in file.iter_batches(batch_size=256, columns=stored):
                for index in range(len(batch)):
                    number += 1
                    place = f"{path.name}, row {number}"
                    try:
                        values = batch.slice(index, 1).to_pylist()[0]
                    except UnicodeDecodeError as error:
                        raise ConfigError(f"{place} holds text that is not UTF-8: {error.object[:40]!r}") from None
                    yield Row(place, {name: _value(values, name) for name in columns})
        return
    with path.open("rb") as lines:
        for number, line in enumerate(lines, 1):
            if not line.strip():
                continue
            place = f"{path.name}, row {number}"
            try:
                values = _object(line)
                cells = {name: _value(values, name) for name in columns}
            except UnicodeDecodeError as error:
                raise ConfigError(f"{place} is not UTF-8: {error.object[error.start : error.end]!r}") from None
            except (ValueError, AttributeError, RecursionError):
                raise ConfigError(f"{place} is no JSON object") from None
            require_text(cells, place)
            yield Row(place, cells)


def _value(values: dict[str, Any], name: str) -> Any:
    """What a column holds in a row, or a field of its struct, or of each struct in its list."""
    if name in values:
        return values[name]
    head, _, key = name.partition(".")
    value = values.get(head)
    if isinstance(value, list):
        return [item.get(key) for item in value if isinstance(item, dict)]
    return value.get(key) if isinstance(value, dict) else None


def _object(line: bytes) -> Any:
    return json.loads(line.decode().lstrip("\ufeff"))
