"""What a suite reads is checked before any work, and decides the key."""

import json
import os
import shutil
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from inkling.components.shared.config import ConfigError
from inkling.components.suites.config import SuitesConfig


def parse(*read: Any, **section: Any) -> SuitesConfig:
    return SuitesConfig.parse({"suites": {"read": list(read), **section}})


def test_the_rendered_scenes_alone_need_no_stage(mmbench: Path) -> None:
    assert not SuitesConfig.parse({}).needed
    assert not parse("scenes", "transfer").needed
    assert parse("scenes").needed
    assert parse("scenes", {"suite": "mmbench", "data": str(mmbench)}).needed
    assert parse({"suite": "mmbench", "data": str(mmbench)}).needed


def test_a_column_that_is_not_there_is_refused_with_those_that_are(mmbench: Path, tmp_path: Path) -> None:
    columns = {"question": "question", "image": "picture", "choices": ["A", "B"], "answer": "answer"}
    with pytest.raises(
        ConfigError, match=r"column of suite 'mmbench' in mmbench.parquet \(columns.image\) 'picture'.*image"
    ):
        parse({"suite": "mmbench", "data": str(mmbench), "columns": columns, "splits": {}, "where": {}})
    lines = tmp_path / "rows.jsonl"
    lines.write_text(json.dumps({"question": "?", "image": "", "A": "x", "B": "y"}) + "\n")
    with pytest.raises(ConfigError, match=r"rows.jsonl \(columns.answer\) 'answer'"):
        parse(
            {
                "suite": "mmbench",
                "data": str(lines),
                "columns": {**columns, "image": "image"},
                "splits": {},
                "where": {},
            }
        )


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("rows.csv", b"a,b", r"nothing is known of '.csv' files. Valid: .parquet, .jsonl"),
        ("rows.parquet", b"PAR1", r"rows.parquet is no Parquet file, or it is cut short"),
        ("rows.jsonl", b"", r"rows.jsonl has no row"),
        ("rows.jsonl", b"\n \n", r"rows.jsonl has no row"),
        ("rows.jsonl", b"[1]", r"rows.jsonl cannot be read"),
        ("rows.jsonl", b"[1", r"rows.jsonl cannot be read"),
    ],
)
def test_files_that_cannot_be_read_are_refused(tmp_path: Path, name: str, content: bytes, message: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ConfigError, match=message):
        parse({"suite": "mmbench", "data": str(tmp_path / name)})


@pytest.mark.parametrize(
    ("column", "values", "message"),
    [
        ("question", pa.nulls(2, pa.string()), "column 'question' has no value in any row"),
        ("question", pa.array([["a"], ["b"]]), "column 'question' holds lists; expected values"),
        (
            "image",
            pa.array([{"path": "a.png"}] * 2),
            "column 'image' holds structs; expected bytes or images or image lists or values",
        ),
        ("answer", pa.array([{"is": "A"}] * 2), "column 'answer' holds structs; expected values"),
        ("A", pa.array([b"x", b"y"]), "column 'A' holds bytes; expected values"),
        ("choices", pa.array(["x", "y"]), "column 'choices' holds values; expected lists"),
        ("hint", pa.nulls(2, pa.string()), None),
        ("B", pa.nulls(2, pa.string()), None),
    ],
)
def test_columns_that_cannot_be_what_they_are_named_for_are_refused(
    tmp_path: Path, column: str, values: pa.Array, message: str | None
) -> None:
    text = pa.array(["x", "y"])
    table = dict.fromkeys(("question", "hint", "image", "A", "B", "C", "answer"), text) | {column: values}
    path = tmp_path / "rows.parquet"
    pq.write_table(pa.table(table), path)
    named = {"question": "question", "hint": "hint", "image": "image", "choices": ["A", "B", "C"], "answer": "answer"}
    named |= {"choices": "choices"} if column == "choices" else {}
    suite = {"suite": "mmbench", "data": str(path), "columns": named, "splits": {}, "where": {}}
    if message is None:
        parse(suite)
        return
    with pytest.raises(ConfigError, match=rf"rows\.parquet: {message}"):
        parse(suite)


def test_two_columns_of_one_name_are_refused_where_they_are_read(tmp_path: Path) -> None:
    text, path = pa.array(["x", "y"]), tmp_path / "rows.parquet"
    names = ["question", "image", "A", "B", "answer", "answer", "other", "other"]
    pq.write_table(pa.Table.from_arrays([text] * len(names), names=names), path)
    named = {"question": "question", "image": "image", "choices": ["A", "B"], "answer": "answer"}
    with pytest.raises(ConfigError, match=r"rows\.parquet: 2 columns are called 'answer'"):
        parse({"suite": "mmbench", "data": str(path), "columns": named, "splits": {}, "where": {}})


def test_a_file_name_that_is_not_utf_8_is_refused(mmbench: Path, tmp_path: Path) -> None:
    mmbench.rename(tmp_path / os.fsdecode(b"bad\xff.parquet"))
    with pytest.raises(ConfigError, match=r"suite 'mmbench': a file's name: '.*bad\\xff.parquet' holds \\xff"):
        parse({"suite": "mmbench", "data": str(tmp_path / "bad*.parquet")})


def test_data_that_are_not_there_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"suite 'mmbench': there is no file .*nowhere.parquet; state where it lies"):
        parse({"suite": "mmbench", "data": str(tmp_path / "nowhere.parquet")})
    with pytest.raises(ConfigError, match=r"suite 'scenes': no artifact at"):
        parse({"suite": "scenes", "artifact": str(tmp_path / "questions")}).determinants()


def test_the_key_follows_what_the_data_hold_and_not_where_they_lie(mmbench: Path, tmp_path: Path) -> None:
    def key(path: Path, **changed: Any) -> dict[str, Any]:
        return parse({"suite": "mmbench", "data": str(path), **changed}).determinants()

    moved = tmp_path / "moved.parquet"
    shutil.copy(mmbench, moved)
    assert key(mmbench) == key(moved)
    assert key(mmbench) == key(mmbench, report={"use": "Another sentence."}, headline={"mean": "families"})
    assert key(mmbench) != key(mmbench, prompt="{question}")
    with moved.open("ab") as file:
        file.write(b"")
    moved.write_bytes(mmbench.read_bytes()[:-4] + b"PAR1")
    assert key(mmbench) == key(moved)


def test_changed_data_change_the_key(tmp_path: Path) -> None:
    row = {"question": "?", "image": "", "A": "x", "B": "y", "answer": "A"}
    columns = {"question": "question", "image": "image", "choices": ["A", "B"], "answer": "answer"}
    path, keys = tmp_path / "rows.jsonl", []
    for question in ("Which?", "What?"):
        path.write_text(json.dumps({**row, "question": question}) + "\n")
        suite = {"suite": "mmbench", "data": str(path), "columns": columns, "splits": {}, "where": {}}
        keys.append(parse(suite).determinants())
    assert keys[0] != keys[1]
