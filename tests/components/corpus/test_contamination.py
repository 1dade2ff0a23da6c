"""Questions are looked for as runs of words, short ones as a whole."""

import json
import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inkling.components.corpus.contamination import RUN_WORDS, Runs, items_of_file, runs_of
from inkling.components.corpus.files import pinned
from inkling.components.corpus.segmenting import plain_words
from inkling.components.shared.config import ConfigError
from inkling.components.shared.text import is_text

SHORT = "What colour is the large square here? red"
LONG = " ".join(f"w{i}" for i in range(20))


def within(runs: Runs, text: str) -> bool:
    return runs.within(plain_words(text))


def test_a_short_question_counts_only_whole_and_with_its_answer() -> None:
    runs = runs_of([SHORT, SHORT])
    assert within(runs, f"they ask: {SHORT.upper()}!")
    assert not within(runs, SHORT.replace("red", "blue"))
    assert not within(runs, SHORT.removesuffix(" red"))
    assert runs.unchecked == 0


def test_a_question_too_short_to_tell_from_common_words_is_counted() -> None:
    assert runs_of(["Is it red? yes"]) == Runs(frozenset(), unchecked=1)


def test_any_thirteen_words_of_a_long_question_count() -> None:
    words = LONG.split()
    runs = runs_of([LONG])
    assert len(runs.runs) == 20 - RUN_WORDS + 1
    assert within(runs, " ".join(["and", *words[4 : 4 + RUN_WORDS], "then"]))
    assert not within(runs, " ".join(words[4 : 3 + RUN_WORDS]))


@given(st.lists(st.sampled_from("abc"), max_size=40), st.lists(st.sampled_from("abc"), min_size=8, max_size=16))
def test_what_is_found_is_there(text: list[str], question: list[str]) -> None:
    spaced = f" {' '.join(text)} "
    length = min(len(question), RUN_WORDS)
    runs = [" ".join(question[i : i + length]) for i in range(len(question) - length + 1)]
    assert runs_of([" ".join(question)]).within(text) == any(f" {run} " in spaced for run in runs)


def test_runs_come_back_from_disk(tmp_path: Path) -> None:
    runs = runs_of([SHORT, LONG, "Why?"])
    runs.write(tmp_path / "runs.json")
    assert Runs.read(tmp_path / "runs.json") == runs


def test_a_benchmark_file(tmp_path: Path) -> None:
    path = tmp_path / "b.jsonl"
    path.write_text('{"question": "Who?", "answer": "Nobody", "image": 3}\n\n{"question": "When?"}\n')
    assert items_of_file(pinned(path, "b.jsonl")) == ["Who? Nobody", "When? "]


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
            assert items_of_file(pinned(path, "b.jsonl")) == [f"{question} "]
        else:
            with pytest.raises(ConfigError, match=r"b\.jsonl, byte 0: ") as refused:
                items_of_file(pinned(path, "b.jsonl"))
            assert is_text(str(refused.value))


@pytest.mark.parametrize("line", ["[]", "{", '{"answer": "x"}', '{"question": 3}', '{"question": "q", "answer": 1}'])
def test_a_line_that_is_no_question_is_refused(tmp_path: Path, line: str) -> None:
    path = tmp_path / "b.jsonl"
    path.write_text('{"question": "Who?"}\n' + line + "\n")
    with pytest.raises(ConfigError, match=r"b\.jsonl, byte 21: expected a JSON object with `question`"):
        items_of_file(pinned(path, "b.jsonl"))
