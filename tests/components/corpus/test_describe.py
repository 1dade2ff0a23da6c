"""The table of a corpus: a row a source, with labels and with the repetition at a recipe where they are given."""

from pathlib import Path

import pytest
from rich.console import Console
from rich.table import Table
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import Split

from inkling.components.artifacts.corpus import Corpus, Segment, SourceSummary, write_segments, write_sources
from inkling.components.artifacts.labels import Labels
from inkling.components.corpus.describe import describe, left_out
from inkling.components.shared.store.manifest import Manifest, Provenance


@pytest.fixture
def corpus(tmp_path: Path) -> Corpus:
    path = tmp_path / "corpus"
    path.mkdir()
    for source in ("code", "law"):
        write_segments(path, source, [])
    code = SourceSummary("real", "source code", 10_000, 40, 8, 50, ["MIT", "BSD"], {}, removed={"near": 1_200})
    removed = {"contaminated": 2, "exact": 3}
    law = SourceSummary("proxy", "licences", 1_000, 4, 1, 5, ["CC0"], {}, {}, removed, {"empty": 7, "too long": 1})
    write_sources(path, {"code": code, "law": law})
    Manifest.describe(path, "Corpus", 1, Provenance("corpus", "", "", {}, {}, {})).write(path)
    return Corpus.open(path)


def rows(table: Table) -> list[list[str]]:
    return [list(row) for row in zip(*(column.cells for column in table.columns), strict=True)]


def test_what_a_source_is(corpus: Corpus) -> None:
    assert rows(describe(corpus)) == [
        ["code", "real", "40", "50", "10,000", "MIT; BSD"],
        ["law", "proxy", "4", "5", "1,000", "CC0"],
    ]


def test_tokens_are_counted_on_a_sample(corpus: Corpus, monkeypatch: pytest.MonkeyPatch) -> None:
    segment = Segment("code", "d", 0, "one two three", 3, "MIT", "train")
    monkeypatch.setattr(Corpus, "batches", lambda self, source: iter([[segment] * 3]))
    monkeypatch.setattr("inkling.components.corpus.describe.SAMPLE_WORDS", 4)
    tokenizer = Tokenizer(WordLevel({"one": 0, " ": 1, "two": 2, "three": 3, "?": 4}, "?"))
    tokenizer.pre_tokenizer = Split(" ", "isolated")
    table = describe(corpus, tokenizer=tokenizer)
    assert [column.header for column in table.columns][6] == "tokens"
    assert [row[6] for row in rows(table)] == ["16,667", "1,667"]


def test_what_was_left_out(corpus: Corpus) -> None:
    assert rows(left_out(corpus)) == [
        ["code", "0", "1,200", "0", "0"],
        ["law", "3", "0", "2", "7 empty, 1 too long"],
    ]


def test_repetition_counts_training_text_only(corpus: Corpus) -> None:
    table = describe(corpus, recipe={"code": 1.0}, tokens=16_000)
    assert [row[6:] for row in rows(table)] == [["100.0", "2.00"], ["0.0", "-"]]


def test_label_shares(corpus: Corpus, monkeypatch: pytest.MonkeyPatch) -> None:
    names = ("code", "math", "science", "concept", "attribute", "relationship", "reasoning", "visual")
    shares = {"code": dict(zip(names, map(float, range(8)), strict=True)), "law": dict.fromkeys(names, 0.0)}
    monkeypatch.setattr(Labels, "shares", lambda self: shares)
    table = describe(corpus, Labels(corpus.path, corpus.manifest))
    assert rows(table)[0][6:] == [f"{value}.0" for value in range(8)]
    assert [column.header for column in table.columns][6:] == list(names)
    console = Console(width=200)
    with console.capture() as capture:
        console.print(table)
    assert "proxy" in capture.get()
