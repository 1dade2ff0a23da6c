"""A source without training or held-out text is refused with the counts of what was read."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml

from inkling.components.corpus.build import build_corpus
from inkling.components.corpus.config import CorpusConfig
from inkling.components.shared.config import ConfigError

Refusal = Callable[..., str]


@pytest.fixture
def refusal(tmp_path: Path) -> Refusal:
    """Builds a corpus of one source, `notes`, that cannot be built, and returns what is said."""

    def build(file: str, **settings: Any) -> str:
        entry = {"quality": "real", "description": "notes", "licence": "CC0-1.0", "files": [file]}
        (tmp_path / "mine.yaml").write_text(yaml.safe_dump({"notes": entry}))
        section = {"catalogue": str(tmp_path / "mine.yaml"), "heldout": 0.3, "words_per_source": 5_000}
        with pytest.raises(ConfigError) as refused:
            build_corpus(CorpusConfig.parse({"corpus": {**section, **settings}}), tmp_path / "corpus")
        assert not (tmp_path / "corpus").exists()
        return str(refused.value)

    return build


def _lines(path: Path, texts: list[str]) -> str:
    path.write_text("".join(json.dumps({"text": text}) + "\n" for text in texts))
    return path.name


@pytest.mark.parametrize("similarity", [1, 0.8])
def test_nothing_but_repeats(refusal: Refusal, tmp_path: Path, similarity: float) -> None:
    said = refusal(_lines(tmp_path / "notes.jsonl", ["The same line of text, again."] * 40), similarity=similarity)
    assert said.startswith("source 'notes' has no ")
    assert "39 of 40 segments were left out as repeats" in said
    assert said.endswith("To get some, give it other text")


def test_a_column_of_nulls_and_blanks(refusal: Refusal, tmp_path: Path) -> None:
    pq.write_table(pa.table({"text": [None, "", " "]}), tmp_path / "notes.parquet")
    said = refusal("notes.parquet", similarity=0.8)
    assert "no training text: 3 texts could not be used (3 empty)" in said
    assert said.endswith("Give it files with text")


def test_a_text_file_of_blanks(refusal: Refusal, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text(" \n \n")
    assert "1 texts could not be used (1 empty)" in refusal("notes.txt")


def test_one_document(refusal: Refusal, tmp_path: Path) -> None:
    said = refusal(_lines(tmp_path / "notes.jsonl", ["One document only."]), heldout=1e-9)
    assert "no held-out text: 0 of 1 documents drawn to be held out (corpus.heldout is 1e-09)" in said
    assert "give it more documents, raise corpus.heldout" in said


def test_text_that_all_repeats_evaluation_questions(refusal: Refusal, tmp_path: Path) -> None:
    question = "Which river of the north runs through the old town before it meets the sea near the harbour wall?"
    asked = tmp_path / "asked.jsonl"
    asked.write_text(json.dumps({"question": question}) + "\n")
    texts = [f"{question} {number}" for number in range(20)]
    said = refusal(_lines(tmp_path / "notes.jsonl", texts), benchmarks=[str(asked)])
    assert "segments were left out for repeating an evaluation question" in said
    assert "no training text" in said
