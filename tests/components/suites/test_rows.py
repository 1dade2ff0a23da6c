"""Rows of both formats, with their places."""

import json
from pathlib import Path

import pytest

from inkling.components.shared.config import ConfigError
from inkling.components.suites.rows import columns_of, read_rows


def test_both_formats_give_the_same_rows(write_parquet, tmp_path: Path) -> None:
    rows = [{"a": number, "b": f"text {number}", "c": None} for number in range(600)]
    table, lines = write_parquet(rows, "rows.parquet"), tmp_path / "rows.jsonl"
    lines.write_text("".join(json.dumps(row) + "\n" for row in rows))
    assert columns_of(table) == columns_of(lines) == {"a": "values", "b": "values", "c": "nothing"}
    read = [[(row.place, row.values) for row in read_rows(path, ["a", "b"])] for path in (table, lines)]
    assert [values for _, values in read[0]] == [values for _, values in read[1]]
    assert read[0][599] == ("rows.parquet, row 600", {"a": 599, "b": "text 599"})
    assert read[1][599][0] == "rows.jsonl, row 600"


def test_a_line_that_is_no_object_is_named(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text('{"a": 1}\n\n[2]\n')
    with pytest.raises(ConfigError, match=r"rows.jsonl, row 3 is no JSON object"):
        list(read_rows(path, ["a"]))
