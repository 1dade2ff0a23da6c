"""Parquet files are looked into before any work: what passes can be read, what cannot is said by file and column."""

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from inkling.components.shared.config import ConfigError
from inkling.components.shared.storage.tables import columns_in

TEXTS = pa.array(["one", None, "three"])


def written(folder: Path, columns: list[tuple[str, Any]], **options: Any) -> Path:
    path = folder / "a.parquet"
    names, arrays = [name for name, _ in columns], [array for _, array in columns]
    pq.write_table(pa.Table.from_arrays(arrays, names=names), path, **options)
    return path


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ([("text", TEXTS), ("text", TEXTS)], r"a\.parquet: 2 columns are called 'text'"),
        ([("body", TEXTS)], r"a\.parquet: unknown column 'text'.* Valid: body"),
        ([("text", pa.nulls(3, pa.string()))], r"a\.parquet: column 'text' has no value in any row"),
        ([("text", pa.nulls(3))], r"a\.parquet: column 'text' has no value in any row"),
        ([("text", pa.array([None, None], pa.struct({"a": pa.string()})))], r"'text' has no value in any row"),
        ([("text", TEXTS[:0])], r"a\.parquet has no row"),
        ([("a", pa.array([{"text": "x"}]))], r"a\.parquet: unknown column 'text'.* Valid: a"),
    ],
)
@pytest.mark.parametrize("statistics", [True, False])
def test_what_cannot_be_read_is_refused(tmp_path: Path, columns: Any, message: str, statistics: bool) -> None:
    path = written(tmp_path, columns, write_statistics=statistics)
    with pytest.raises(ConfigError, match=message):
        columns_in(path, ["text"], ["text"])


def test_empty_row_groups_and_columns_that_are_not_read_do_no_harm(tmp_path: Path) -> None:
    with pq.ParquetWriter(tmp_path / "a.parquet", pa.schema({"text": pa.string()})) as writer:
        for rows in ([], [None], [], ["x"], []):
            writer.write_table(pa.table({"text": pa.array(rows, pa.string())}))
    assert columns_in(tmp_path / "a.parquet", ["text"], ["text"]) == {"text": pa.string()}
    path = written(tmp_path, [("x", TEXTS), ("text", TEXTS), ("x", pa.nulls(3)), ("text.a", TEXTS)])
    assert columns_in(path, ["text"], ["text"])["text"] == pa.string()


_TYPES = st.sampled_from(
    [pa.string(), pa.large_string(), pa.int8(), pa.null(), pa.list_(pa.string()), pa.struct({"text": pa.string()})]
)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.sampled_from(["text", "a", "a.text"]), _TYPES), min_size=1), st.integers(0, 3))
def test_a_table_that_passes_has_the_column_once_and_is_read(
    tmp_path: Path, columns: list[tuple[str, pa.DataType]], rows: int
) -> None:
    path = written(tmp_path, [(name, pa.nulls(rows, kind)) for name, kind in columns])
    try:
        found = columns_in(path, ["text"])
    except ConfigError as error:
        if str(path) not in str(error):
            raise
        assert not rows or [name for name, _ in columns].count("text") != 1
        return
    with pq.ParquetFile(path) as file:
        read = [batch.column("text") for batch in file.iter_batches(columns=["text"])]
    assert sum(map(len, read)) == rows
    assert found["text"] == dict(columns)["text"]
