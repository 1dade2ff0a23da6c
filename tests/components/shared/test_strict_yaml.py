"""YAML of a user's: what is plain comes back as it was written, and what could be read in two ways is refused."""

from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

import inkling
from inkling.components.shared.strict_yaml import read_file, read_mapping, read_value, write_mapping
from inkling.models.settings import ConfigError

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20) | st.sampled_from(
    ["yes", "off", "null", "~", "0123", "1:30", "1e3", "0o17", "1_000", "2026-01-31", "=", "<<", ".inf", ""]
)
SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | TEXT
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4))
MAPPINGS = st.dictionaries(TEXT, VALUES, max_size=4)


@given(MAPPINGS)
def test_what_is_written_is_read_back_and_yaml_1_1_reads_the_same(mapping: dict[str, object]) -> None:
    text = write_mapping(mapping)
    assert read_mapping(text) == yaml.safe_load(text) == mapping


@given(MAPPINGS, TEXT, VALUES, VALUES, st.integers(0, 3))
def test_a_key_that_stands_twice_is_refused_however_deep(
    mapping: dict[str, object], key: str, first: object, second: object, depth: int
) -> None:
    lines = [line for value in (first, second) for line in write_mapping({key: value}).splitlines(keepends=True)]
    others = write_mapping({other: value for other, value in mapping.items() if other != key}) if mapping else ""
    text = ("" if others == "{}\n" else others) + "".join(lines)
    for _ in range(depth):
        text = "- outer:\n" + "".join(f"    {line}" for line in text.splitlines(keepends=True))
    with pytest.raises(ConfigError, match="stands twice, first in line"):
        read_value(text, "here")


@given(st.integers(-(10**6), 10**6), st.integers(1, 3))
def test_a_number_that_begins_with_zeros_is_refused_with_both_ways_to_write_it(number: int, zeros: int) -> None:
    written = f"{'-' if number < 0 else ''}{'0' * zeros}{abs(number)}"
    with pytest.raises(ConfigError) as caught:
        read_mapping(f"a: 1\nseed: {written}", "mine.yaml")
    assert str(caught.value).startswith(f"mine.yaml, line 2: {written} is octal to some")
    assert f"write {number} for the number, or '{written}'" in str(caught.value)
    assert read_value(f"'{written}'", "") == written


@pytest.mark.parametrize(
    ("written", "value"),
    [
        *((word, word) for word in ("yes", "No", "on", "OFF", "y", "1:30", "190:20:30.15", "2026-02-30", "0b1", "1_")),
        ("true", True), ("False", False), ("~", None), ("", None), ("null", None),
        ("1_100_000", 1_100_000), ("+7", 7), ("0", 0), ("-0", 0), ("0o17", 15), ("0x1F", 31),
        ("1e-3", 0.001), ("4E5", 4e5), (".5", 0.5), ("2.", 2.0), ("-.inf", float("-inf")), ("0.25", 0.25),
        ("!!str 12", "12"), ('"yes"', "yes"),
    ],
)  # fmt: skip
def test_plain_scalars_are_those_of_yaml_1_2(written: str, value: object) -> None:
    found = read_value(written, "here")
    assert found == value and type(found) is type(value)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a: 1\n2: b", "line 2: a key must be text: write '2'"),
        ("~: b", "a key must be text: write '~'"),
        ("true: b", "a key must be text: write 'true'"),
        ("? [a]\n: b", "a key must be text"),
        ("a: &a\n  b: *a", "line 1: an alias stands within what it names"),
        ("a: !!set {b}", "the tag !!set is not read here"),
        ("a: !!int '3'", "the tag !!int is not read here"),
        ("a: !!python/name:os.system x", "the tag !!python/name:os.system is not read here"),
        ("a: 1\n---\nb: 1", "line 2: not valid YAML: expected a single document"),
        ("a: 1\n b: 2", "line 2: not valid YAML"),
        ("a: \x00", "not valid YAML: unacceptable character"),
        ("a: \udce9", "which is no character"),
        (f"a: {'9' * 5000}", "not valid YAML"),
        (f"a: {'[' * 500}{']' * 500}", "more than 100 levels"),
        ("", "expected a mapping of settings, got nothing"),
        ("- a", "expected a mapping of settings, got list"),
        ("a: {<<: {b: 1}, <<: {c: 1}}", "'<<' stands twice"),
    ],
)
def test_what_cannot_be_used_is_refused_in_words(text: str, words: str) -> None:
    with pytest.raises(ConfigError) as caught:
        read_mapping(text, "mine.yaml")
    assert str(caught.value).startswith("mine.yaml") and words in str(caught.value)


def test_a_merged_mapping_may_be_merged_into_one_that_has_its_own_values() -> None:
    text = "a: &a {x: 1, y: 1}\nb: &b {<<: *a, y: 2}\nc: {<<: *b, x: 3}\nd: {<<: [*b, *a]}"
    assert read_mapping(text) == {
        "a": {"x": 1, "y": 1}, "b": {"x": 1, "y": 2}, "c": {"x": 3, "y": 2}, "d": {"x": 1, "y": 2}
    }  # fmt: skip


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"], ids=["plain", "byte order mark"])
def test_a_file_is_utf_8(tmp_path: Path, mark: bytes) -> None:
    path = tmp_path / "mine.yaml"
    path.write_bytes(mark + "title: Café 😀\r\nseed: 1\r\n".encode())
    assert read_file(path) == {"title": "Café 😀", "seed": 1}


@pytest.mark.parametrize("encoding", ["latin-1", "utf-16"])
def test_a_file_of_another_encoding_is_refused_by_line_and_byte(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "mine.yaml"
    path.write_bytes(b"# a\n" * (encoding == "latin-1") + "seed: 0 # é\n".encode(encoding))
    line, byte = ("line 2", "byte 14 (0xe9)") if encoding == "latin-1" else ("line 1", "byte 0 (0xff)")
    with pytest.raises(ConfigError) as caught:
        read_file(path)
    assert str(caught.value) == f"{path}, {line}: {byte} is no UTF-8: save it as UTF-8"


def test_what_ships_is_read_alike_by_yaml_1_1() -> None:
    root = Path(inkling.__file__).parent
    found = [path for folder in ("components", "pipelines", "models") for path in (root / folder).rglob("*.yaml")]
    assert len(found) > 20
    for path in found:
        text = path.read_text(encoding="utf-8")
        assert repr(read_value(text, str(path))) == repr(yaml.safe_load(text)), path
