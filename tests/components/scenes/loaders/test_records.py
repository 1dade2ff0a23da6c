"""Large JSON files are read a record at a time; whatever is wrong is said with file and record."""

import gzip
import io
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inkling.components.scenes.loaders import records
from inkling.components.scenes.loaders.contract import RecordError
from inkling.components.scenes.loaders.records import FileError, read_members, read_records

LEAVES = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5)
VALUES = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3)
)


@pytest.fixture(autouse=True)
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Values go over the ends of what is read at once."""
    monkeypatch.setattr(records, "_CHUNK", 3)


def written(folder: Path, text: str | bytes, name: str = "a.json") -> Path:
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def values(path: Path) -> list[Any]:
    return [value for _, value in read_records(path)]


@given(found=st.lists(VALUES), indent=st.sampled_from([None, 1]), ascii_only=st.booleans())
def test_a_list_comes_back_whole(
    found: list[Any], indent: int | None, ascii_only: bool, tmp_path_factory: pytest.TempPathFactory
) -> None:
    try:
        text = json.dumps(found, indent=indent, ensure_ascii=ascii_only).encode()
    except UnicodeEncodeError:  # half a character
        return
    assert values(written(tmp_path_factory.mktemp("list"), text)) == found


@given(found=st.lists(VALUES.filter(lambda value: not isinstance(value, list)), min_size=1))
def test_lines_come_back_whole(found: list[Any], tmp_path_factory: pytest.TempPathFactory) -> None:
    text = "\n\n".join(map(json.dumps, found))
    assert values(written(tmp_path_factory.mktemp("lines"), text)) == found


@given(text=st.binary(max_size=40) | st.text('[]{},:"\\ 1a\n-.', max_size=40).map(str.encode))
def test_any_bytes_are_read_or_refused_by_file(text: bytes, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = written(tmp_path_factory.mktemp("any"), text)
    for read in (read_records, read_members):
        refused = None
        try:
            list(read(path))
        except FileError as error:
            refused = str(error)
        assert refused is None or "a.json" in refused


def test_a_broken_line_is_reported_and_those_after_it_are_read(tmp_path: Path) -> None:
    path = written(tmp_path, b'{"id": 1}\nno\n\xff\n{"id": ' + b"9" * 5000 + b'}\n{"id": 2}\n')
    found = dict(read_records(path))
    assert found["a.json, line 1"] == {"id": 1} and found["a.json, line 5"] == {"id": 2}
    reasons = [str(value) for value in found.values() if isinstance(value, RecordError)]
    assert reasons == ["it is no JSON", "it is not UTF-8", "it is no JSON"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('[{"id": 1}, {"id": 2', "a.json: record 2 cannot be read: the file ends within it"),
        ('[{"id": 1} {"id": 2}]', "a.json is damaged after record 1: expected ',' or ']', found '{'"),
        ('[{"id": 1},]', "a.json is damaged after record 1: a comma, and no element"),
        ('[{"id": 1}', "a.json is damaged after record 1: .*the end of the file"),
        ("[1] 2", "a.json: after the list there is more"),
        ("[" + "[" * 100_000, "a.json: record 1 is nested too deeply|cannot be read"),
        (b'["\xff"]', "a.json is not UTF-8"),
    ],
)
def test_a_damaged_list_is_refused_by_record(tmp_path: Path, text: str | bytes, message: str) -> None:
    with pytest.raises(FileError, match=message):
        values(written(tmp_path, text))


def test_a_record_without_end_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(records, "LONGEST", 50)
    with pytest.raises(FileError, match=r"a.json: record 2 cannot be read: it is no JSON, or longer than 50"):
        values(written(tmp_path, '[1, "' + "x" * 200 + '"]'))
    path = written(tmp_path, '{"id": 1}\n"' + "x" * 200 + '"\n{"id": 2}\n')
    assert [str(value) for value in values(path)] == ["{'id': 1}", "it is too long", "{'id': 2}"]


def test_packed_files_are_unpacked_and_damaged_ones_refused(tmp_path: Path) -> None:
    whole = gzip.compress(b"[1, 2, " + b" " * 1000 + b"3]")
    assert values(written(tmp_path, whole, "a.json.gz")) == [1, 2, 3]
    assert values(written(tmp_path, gzip.compress(b"1\n2"), "a.jsonl.gz")) == [1, 2]
    for broken in (whole[:-9], b"no gzip", whole[:12] + b"\xff" + whole[13:]):
        with pytest.raises(FileError, match=r"a.json.gz"):
            values(written(tmp_path, broken, "a.json.gz"))


def test_the_lists_of_an_object_come_an_element_at_a_time(tmp_path: Path) -> None:
    path = written(tmp_path, json.dumps({"info": {"year": 2017}, "images": [{"id": 1}, {"id": 2}], "empty": []}))
    assert list(read_members(path)) == [
        ("info", "a.json, info", {"year": 2017}),
        ("images", "a.json, images 1", {"id": 1}),
        ("images", "a.json, images 2", {"id": 2}),
    ]


@pytest.mark.parametrize("text", ["[]", '{"a" 1}', '{"a": [1, 2}', "{1: 2}", '{"a": 1, }', '{"a": 1'])
def test_a_damaged_object_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(FileError, match="a.json"):
        list(read_members(written(tmp_path, text)))


def test_a_list_is_read_no_further_than_it_is_wanted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(records, "_opened", lambda path: io.BytesIO(b"[1, 2, and no JSON"))
    found = read_records(tmp_path / "a.json")
    assert [next(found)[1], next(found)[1]] == [1, 2]
