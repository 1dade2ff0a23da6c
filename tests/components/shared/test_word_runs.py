"""Questions are looked for as runs of words, short ones as a whole."""

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from inkling.components.shared.word_runs import RUN_WORDS, Runs, plain_words, runs_of

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
