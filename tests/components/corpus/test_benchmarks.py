"""Files of evaluation questions: every line counts, and what cannot be read is refused before any text is."""

import gzip
import json
import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inkling.components.corpus.benchmarks import items_of_file
from inkling.components.corpus.config import CorpusConfig
from inkling.components.corpus.files import pinned
from inkling.components.shared.config import ConfigError
from inkling.components.shared.text import is_text

GOOD = b'{"question": "Who?", "answer": "Nobody", "image": 3}\n\n{"question": "When?"}\n'


def test_every_line_is_an_item(tmp_path: Path) -> None:
    path = tmp_path / "b.jsonl"
    path.write_bytes(GOOD)
    assert items_of_file(pinned(path, "b.jsonl")) == ("Who? Nobody", "When? ")


@pytest.mark.parametrize("line", ["[]", "{", '{"answer": "x"}', '{"question": 3}', '{"question": "q", "answer": 1}'])
def test_a_line_that_is_no_question_is_refused(tmp_path: Path, line: str) -> None:
    path = tmp_path / "b.jsonl"
    path.write_text('{"question": "Who?"}\n' + line + "\n")
    with pytest.raises(ConfigError, match=r"b\.jsonl, byte 21: expected a JSON object with `question`"):
        items_of_file(pinned(path, "b.jsonl"))


@pytest.mark.parametrize("line", [r'{"question": "Who \ud83d?"}', r'{"question": "q", "answer": "\udcff"}'])
def test_a_question_with_half_a_character_is_refused(tmp_path: Path, line: str) -> None:
    path = tmp_path / "b.jsonl"
    path.write_text('{"question": "Who?"}\n' + line + "\n")
    with pytest.raises(ConfigError, match=r"b\.jsonl, byte 21: .*which is no character"):
        items_of_file(pinned(path, "b.jsonl"))


@given(st.text(st.characters(exclude_categories=()), min_size=1).filter(str.strip))
def test_any_question_is_taken_or_refused_in_words(question: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "b.jsonl"
        path.write_text(json.dumps({"question": question}))
        if is_text(question):
            assert items_of_file(pinned(path, "b.jsonl")) == (f"{question} ",)
        else:
            with pytest.raises(ConfigError, match=r"b\.jsonl, byte 0: ") as refused:
                items_of_file(pinned(path, "b.jsonl"))
            assert is_text(str(refused.value))


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("b.jsonl", b"", r"b\.jsonl has no question"),
        ("b.jsonl", GOOD + b"{\n", r"b\.jsonl, byte 76: expected a JSON object"),
        ("b.parquet", b"PAR1\x00PAR1", r"b\.parquet, byte 0: expected a JSON object"),
        ("b.jsonl.gz", b"not packed", r"b\.jsonl\.gz cannot be read: Not a gzipped file"),
        ("b.jsonl.gz", gzip.compress(GOOD, mtime=0)[:-9], r"b\.jsonl\.gz cannot be read"),
    ],
    ids=["empty", "broken line", "no Parquet", "not packed", "cut off"],
)
def test_what_cannot_be_read_is_refused_with_the_settings(
    tmp_path: Path, name: str, content: bytes, message: str
) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ConfigError, match=message):
        CorpusConfig.parse({"corpus": {"benchmarks": [str(tmp_path / name)]}})
