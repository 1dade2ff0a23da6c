"""A user's own files: pinned, refused before work where they cannot be read, else skipped with a count."""

import gzip
import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml

from inkling.components.artifacts.corpus import Corpus, Segment
from inkling.components.corpus.build import build_corpus
from inkling.components.corpus.collect import Unit, collect
from inkling.components.corpus.config import CorpusConfig
from inkling.components.shared.config import ConfigError
from inkling.components.shared.store.provenance import provenance

Catalogue = Callable[..., Path]
TEXTS = [f"Document {i} says that thing {i * 7} is {'red' if i % 2 else 'blue'} and number {i * i}." for i in range(90)]


@pytest.fixture
def catalogue(tmp_path: Path) -> Catalogue:
    """Writes a catalogue with one source, `notes`."""

    def write(**entry: Any) -> Path:
        known = {"quality": "real", "description": "notes", "licence": "CC0-1.0", "files": ["data/*"]}
        path = tmp_path / "mine.yaml"
        path.write_text(yaml.safe_dump({"notes": {**known, **entry}}))
        (tmp_path / "data").mkdir(exist_ok=True)
        return path

    return write


def lines(texts: list[str], field: str = "text") -> str:
    return "".join(json.dumps({field: text}) + "\n" for text in texts)


def parse(path: Path, **settings: Any) -> CorpusConfig:
    known = {"catalogue": str(path), "segment_words": 16, "heldout": 0.3, "words_per_source": 100_000}
    return CorpusConfig.parse({"corpus": {**known, **settings}})


def build(path: Path, **settings: Any) -> Corpus:
    return build_corpus(parse(path, **settings), path.parent / f"out{len(list(path.parent.glob('out*')))}" / "corpus")


def texts_of(corpus: Corpus) -> set[str]:
    documents: dict[str, str] = {}
    for segment in corpus.segments("notes"):
        documents[segment.document] = documents.get(segment.document, "") + segment.text
    return set(documents.values())


def test_every_format_gives_its_text(catalogue: Catalogue, tmp_path: Path) -> None:
    path = catalogue()
    data = tmp_path / "data"
    (data / "a.jsonl").write_text(lines(TEXTS[:30]))
    (data / "b.jsonl.gz").write_bytes(gzip.compress(lines(TEXTS[30:50]).encode()))
    pq.write_table(pa.table({"text": TEXTS[50:85]}), data / "c.parquet", row_group_size=10)
    for i in range(85, 90):
        (data / f"{i}.txt").write_text(TEXTS[i])
    corpus = build(path)
    summary = corpus.sources()["notes"]
    assert texts_of(corpus) == set(TEXTS)
    assert summary.documents == 90
    assert set(summary.files) == {
        "data/a.jsonl",
        "data/b.jsonl.gz",
        "data/c.parquet",
        *(f"data/{i}.txt" for i in range(85, 90)),
    }
    assert summary.licence == ["CC0-1.0"]
    assert "- notes: files of the user (CC0-1.0)" in (corpus.path / "ATTRIBUTION.md").read_text()
    assert str(tmp_path) not in "".join(
        file.read_text(errors="ignore") for file in corpus.path.rglob("*") if file.is_file()
    )


def test_the_number_of_processes_changes_no_byte_and_no_key(catalogue: Catalogue, tmp_path: Path) -> None:
    path = catalogue()
    for name in "abcdef":
        (tmp_path / "data" / f"{name}.jsonl").write_text(lines([f"{name} {text}" for text in TEXTS]))
    alone, together = build(path), build(path, workers=2)
    assert alone.manifest == together.manifest
    assert build(path, words_per_source=2_000).digest == build(path, words_per_source=2_000, workers=2).digest


def test_units_do_not_change_what_is_read(
    catalogue: Catalogue, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = catalogue()
    (tmp_path / "data" / "a.jsonl").write_text(lines(TEXTS))
    pq.write_table(
        pa.table({"text": [f"Row: {text}" for text in TEXTS]}), tmp_path / "data" / "b.parquet", row_group_size=7
    )
    whole = texts_of(build(path, similarity=None))
    monkeypatch.setattr("inkling.components.corpus.spans.UNIT_BYTES", 300)
    assert texts_of(build(path, similarity=None)) == whole == {*TEXTS, *(f"Row: {text}" for text in TEXTS)}


def test_a_changed_file_is_another_corpus_and_a_moved_one_is_not(catalogue: Catalogue, tmp_path: Path) -> None:
    path = catalogue()
    file = tmp_path / "data" / "a.jsonl"
    file.write_text(lines(TEXTS))
    before = provenance(parse(path), {}).key
    moved = tmp_path / "elsewhere"
    moved.mkdir()
    (tmp_path / "data").rename(moved / "data")
    path = path.rename(moved / "other.yaml")
    assert provenance(parse(path), {}).key == before
    (moved / "data" / "a.jsonl").write_text(lines([*TEXTS, "One more."]))
    assert provenance(parse(path), {}).key != before


def test_what_cannot_be_read_is_counted_by_reason(
    catalogue: Catalogue, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = catalogue()
    data = tmp_path / "data"
    bad = b'{"text": "cut\n{"text": "\xff\xfe"}\n{"other": "x"}\n{"text": 3}\n{"text": "  "}\n{"text": "?!"}\n\n'
    (data / "a.jsonl").write_bytes(lines(TEXTS).encode() + bad)
    packed = gzip.compress(lines([f"b {text}" for text in TEXTS]).encode())
    (data / "b.jsonl.gz").write_bytes(packed[:-40])
    pq.write_table(pa.table({"text": ["", None, "Text of a table."]}), data / "c.parquet")
    (data / "d.txt").write_bytes(b"Good. " * 20_000 + b"\xff")
    expected = {
        "broken JSON": 1,
        "empty": 3,
        "in a damaged archive": 1,
        "not in the stated encoding": 2,
        "without the field": 2,
    }
    assert build(path, segments_per_document=100_000).sources()["notes"].skipped == expected
    assert "notes: skipped 1 broken JSON, 3 empty, 1 in a damaged archive" in capsys.readouterr().out


def test_half_a_character_is_skipped_and_named(
    catalogue: Catalogue, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = catalogue(encoding="utf-8")
    data = tmp_path / "data"
    (data / "a.jsonl").write_text(lines([*TEXTS[:2], "half \ud83d", *TEXTS[2:4], *["\udcff"] * 9]))
    rows = pa.array([text.encode() for text in TEXTS[4:6]] + [b"half \xed\xa0\xbd", b"caf\xe9", TEXTS[6].encode()])
    pq.write_table(
        pa.table({"text": pa.Array.from_buffers(pa.string(), len(rows), rows.buffers())}), data / "b.parquet"
    )
    corpus = build(path, segments_per_document=100)
    assert corpus.sources()["notes"].skipped == {"not in the stated encoding": 2, "with half a character": 10}
    assert texts_of(corpus) == set(TEXTS[:7])
    said = [line for line in capsys.readouterr().out.splitlines() if line.startswith("skipped, ")]
    place = len(lines(TEXTS[:2]))
    assert f"skipped, with half a character: {data / 'a.jsonl'}, the line at byte {place}" in said
    assert len(said) == 5


@pytest.mark.parametrize("name", [b"bad\xff.jsonl", b"sub\xff/a.jsonl"])
def test_a_file_name_that_is_not_utf_8_is_refused(catalogue: Catalogue, tmp_path: Path, name: bytes) -> None:
    path = catalogue(files=["data/**/*.jsonl"])
    file = tmp_path / "data" / os.fsdecode(name)
    file.parent.mkdir(exist_ok=True)
    file.write_text(lines(TEXTS))
    with pytest.raises(ConfigError, match=r"source 'notes': a file's name: '.*\\xff.*\.jsonl' holds \\xff"):
        parse(path)


def test_an_encoding_that_makes_half_a_character(catalogue: Catalogue, tmp_path: Path) -> None:
    path = catalogue(encoding="unicode_escape")
    for i, text in enumerate(TEXTS):
        (tmp_path / "data" / f"{i}.txt").write_text(text if i else "\\ud83d")
    corpus = build(path)
    assert corpus.sources()["notes"].skipped == {"with half a character": 1}
    assert texts_of(corpus) == set(TEXTS[1:])


def test_a_damaged_row_group_is_counted(catalogue: Catalogue, tmp_path: Path) -> None:
    path = catalogue()
    file = tmp_path / "data" / "a.parquet"
    pq.write_table(
        pa.table({"text": TEXTS}),
        file,
        row_group_size=30,
        compression="zstd",
        use_dictionary=False,
        write_statistics=False,
    )
    column = pq.read_metadata(file).row_group(1).column(0)
    raw = bytearray(file.read_bytes())
    raw[column.data_page_offset : column.data_page_offset + column.total_compressed_size] = bytes(
        column.total_compressed_size
    )
    file.write_bytes(raw)
    corpus = build(path)
    assert corpus.sources()["notes"].skipped == {"in a damaged row group": 30}
    assert texts_of(corpus) == {*TEXTS[:30], *TEXTS[60:]}


def test_text_in_the_stated_encoding(catalogue: Catalogue, tmp_path: Path) -> None:
    path = catalogue(encoding="latin-1")
    for i, text in enumerate(TEXTS):
        (tmp_path / "data" / f"{i}.txt").write_text(f"Caf\u00e9: {text}", "latin-1")
    assert texts_of(build(path)) == {f"Caf\u00e9: {text}" for text in TEXTS}


@pytest.mark.parametrize(
    ("entry", "file", "content", "message"),
    [
        ({"files": ["none/*"]}, "a.jsonl", b"", r"no file fits 'none/\*'"),
        ({"files": ["/etc/*"]}, "a.jsonl", b"", "'/etc/.' is absolute; state `folder`"),
        ({}, "a.jsonl", b"", r"a\.jsonl is empty"),
        ({}, "a.csv", b"x", r"nothing is known of '\.csv'; state `format`"),
        ({}, "a.parquet", b"PAR1 and then nothing", r"a\.parquet is no Parquet file, or it is cut short"),
        (
            {},
            "a.jsonl",
            b"{\n[1]\n",
            r"none of its first 10 lines has text in 'text': 1 broken JSON, 1 without the field",
        ),
        ({"encoding": "utf-16"}, "a.jsonl", b"x", "JSON lines in utf-16 cannot be cut"),
        ({"encoding": "utf-7x"}, "a.txt", b"x", "unknown encoding 'utf-7x'"),
        ({}, "a.txt", b"abc\xff", r"a\.txt is not utf-8 \(byte 3\)"),
        ({}, "a.jsonl.gz", b"not packed", r"a\.jsonl\.gz cannot be unpacked"),
        ({"licence": None}, "a.txt", b"x", r"mine\.yaml: notes\.licence: Input should be a valid string"),
        ({"fields": "x"}, "a.txt", b"x", r"unknown key 'notes\.fields'\. Did you mean 'notes\.field'"),
        ({"parts": []}, "a.txt", b"x", "expected a mapping with one of the keys parts, files"),
    ],
)
def test_refused_before_any_work(
    catalogue: Catalogue, tmp_path: Path, entry: dict[str, Any], file: str, content: bytes, message: str
) -> None:
    path = catalogue(**entry)
    (tmp_path / "data" / file).write_bytes(content)
    with pytest.raises(ConfigError, match=message):
        parse(path)


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"body": pa.array([1])}, "unknown column 'text'"),
        ({"text": pa.array([1])}, "column 'text' holds int64, not text"),
        ({"text": pa.array([b"x"])}, "column 'text' holds binary, not text"),
        ({"text": pa.array([["x"]])}, r"column 'text' holds list<.*, not text"),
        ({"text": pa.array([{"a": "x"}])}, r"column 'text' holds struct<a: string>, not text"),
        ({"text": pa.nulls(2, pa.string())}, "column 'text' has no value in any row"),
        ({"text": pa.array([], pa.string())}, "has no row"),
    ],
)
def test_a_table_without_the_text_is_refused(
    catalogue: Catalogue, tmp_path: Path, columns: dict[str, pa.Array], message: str
) -> None:
    path = catalogue()
    pq.write_table(pa.table(columns), tmp_path / "data" / "a.parquet")
    with pytest.raises(ConfigError, match=rf"source 'notes': .*a\.parquet.*{message}"):
        parse(path)


def test_two_columns_of_one_name_are_refused(catalogue: Catalogue, tmp_path: Path) -> None:
    path = catalogue()
    texts = pa.array(TEXTS)
    pq.write_table(pa.Table.from_arrays([texts, texts], names=["text", "text"]), tmp_path / "data" / "a.parquet")
    with pytest.raises(ConfigError, match=r"source 'notes': .*a\.parquet: 2 columns are called 'text'"):
        parse(path)


@pytest.mark.parametrize("kind", [pa.large_string(), pa.string_view(), pa.dictionary(pa.int32(), pa.string())])
def test_every_type_of_text_is_read(catalogue: Catalogue, tmp_path: Path, kind: pa.DataType) -> None:
    path = catalogue()
    dotted = pa.array([{"text": 1}] * len(TEXTS))
    pq.write_table(pa.table({"a": dotted, "text": pa.array(TEXTS).cast(kind)}), tmp_path / "data" / "a.parquet")
    assert texts_of(build(path)) == set(TEXTS)


@pytest.mark.parametrize("name", ["hubb", "missing.yaml"])
def test_a_catalogue_that_is_not_there(name: str) -> None:
    with pytest.raises(ConfigError, match=f"catalogue '{name}'"):
        CorpusConfig.parse({"corpus": {"catalogue": name}})


def test_ones_own_sources_beside_those_of_packages(catalogue: Catalogue, tmp_path: Path) -> None:
    path = catalogue()
    (tmp_path / "data" / "a.txt").write_text("Text.")
    config = CorpusConfig.parse({"corpus": {"catalogue": ["packages", str(path)], "sources": ["code", "notes"]}})
    assert [type(entry).__name__ for entry in config.chosen.values()] == ["PackageSource", "FileSource"]
    assert parse(path).sources == ["notes"]


def test_a_killed_build_goes_on_with_the_units_that_are_missing(
    catalogue: Catalogue, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = catalogue()
    (tmp_path / "data" / "a.jsonl").write_text(lines(TEXTS))
    monkeypatch.setattr("inkling.components.corpus.spans.UNIT_BYTES", 1_000)
    whole = build(path)
    read: list[int] = []

    def until_killed(unit: Unit, *arguments: Any) -> Iterator[list[Segment]]:
        read.append(unit.number)
        if len(read) == 4:
            raise KeyboardInterrupt
        yield from collect(unit, *arguments)

    monkeypatch.setattr("inkling.components.corpus.partition.collect", until_killed)
    with pytest.raises(KeyboardInterrupt):
        build_corpus(parse(path), tmp_path / "killed" / "corpus")
    again = build_corpus(parse(path), tmp_path / "killed" / "corpus")
    assert read[:5] == [0, 1, 2, 3, 3]
    assert len(read) == len(set(read)) + 1
    assert again.manifest.files == whole.manifest.files
