"""Rows of both formats, with their places."""

import json
import tempfile
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from inkling.components.shared.config import ConfigError
from inkling.components.shared.text import is_text
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


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (rb'{"a": "\ud83d"}', r"rows.jsonl, row 2, a: '\\ud83d' holds"),
        (rb'{"a": ["x", "\udcff"]}', r"rows.jsonl, row 2, a: '\\xff' holds"),
        (b'{"a": "caf\xe9"}', r"rows.jsonl, row 2 is not UTF-8: b'\\xe9'"),
        (b"[" * 100_000, "rows.jsonl, row 2 is no JSON object"),
    ],
    ids=["half", "byte", "latin", "deep"],
)
def test_text_that_is_none_is_refused_by_its_row(tmp_path: Path, line: bytes, message: str) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_bytes(b'\xef\xbb\xbf{"a": 1}\n' + line + b"\n")
    assert list(columns_of(path)) == ["a"]
    with pytest.raises(ConfigError, match=message):
        list(read_rows(path, ["a"]))


def test_a_table_with_text_that_is_not_utf_8_is_refused_by_its_row(tmp_path: Path) -> None:
    raw = pa.array([b"good", b"caf\xe9"])
    path = tmp_path / "rows.parquet"
    pq.write_table(pa.table({"a": pa.Array.from_buffers(pa.string(), 2, raw.buffers())}), path)
    with pytest.raises(ConfigError, match=r"rows.parquet, row 2 holds text that is not UTF-8: b'caf\\xe9'"):
        list(read_rows(path, ["a"]))


@given(st.text(st.characters(exclude_categories=())))
def test_any_text_is_read_or_refused_in_words(text: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "rows.jsonl"
        path.write_text(json.dumps({"a": text}) + "\n")
        if is_text(text):
            assert [row.values for row in read_rows(path, ["a"])] == [{"a": text}]
        else:
            with pytest.raises(ConfigError, match=r"rows.jsonl, row 1, a: ") as refused:
                list(read_rows(path, ["a"]))
            assert is_text(str(refused.value))
