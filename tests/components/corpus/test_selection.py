"""What a corpus keeps: words as asked for, nothing that repeats a question, nothing twice, held-out text first."""

from pathlib import Path

import numpy as np

from inkling.components.artifacts.corpus import Segment
from inkling.components.corpus.partition import Partition
from inkling.components.corpus.selection import select
from inkling.components.corpus.signatures import facts_of, sketches_of
from inkling.components.shared.word_runs import Runs, plain_words, runs_of

WORDS = [f"w{i}" for i in range(60)]
LONG = " ".join(WORDS)


def partition(path: Path, source: str, texts: list[tuple[int, str, str]], runs: Runs | None = None) -> Partition:
    """A unit of (segment of its document, split, text)."""
    path.mkdir()
    segments = [
        Segment(source, "d", number, text, len(text.split()), "MIT", split)  # type: ignore[arg-type]
        for number, split, text in texts
    ]
    words = [plain_words(segment.text) for segment in segments]
    facts_of(segments, words, runs or Runs()).tofile(path / "facts.bin")
    sketches_of(words).tofile(path / "sketches.bin")
    return Partition(source, path, 0)


def kept(masks: list[np.ndarray]) -> list[list[bool]]:
    return [mask.tolist() for mask in masks]


def test_the_same_words_are_taken_once_whatever_their_marks(tmp_path: Path) -> None:
    one = partition(tmp_path / "a", "a", [(0, "train", "One, two."), (0, "train", "one two")])
    other = partition(tmp_path / "b", "b", [(0, "train", "ONE TWO!")])
    masks, removed = select([one, other], 1_000, 1.0)
    assert kept(masks) == [[True, False], [False]]
    assert removed == {"a": {"exact": 1}, "b": {"exact": 1}}
    assert kept(select([one, other], 1_000, None)[0]) == [[True, True], [True]]


def test_training_text_gives_way_to_held_out_text_of_any_source(tmp_path: Path) -> None:
    changed = " ".join(["other", *WORDS[1:]])
    parts = [
        partition(tmp_path / "a", "a", [(0, "train", LONG), (0, "train", changed)]),
        partition(tmp_path / "b", "b", [(0, "heldout", LONG)]),
    ]
    masks, removed = select(parts, 1_000, 0.8)
    assert kept(masks) == [[False, False], [True]]
    assert removed == {"a": {"exact": 1, "near": 1}, "b": {}}


def test_documents_are_taken_whole_until_there_are_words_enough(tmp_path: Path) -> None:
    parts = [
        partition(tmp_path / "1", "a", [(0, "train", "a b c"), (1, "train", "d e f")]),
        partition(tmp_path / "2", "a", [(0, "train", "g h i"), (1, "train", "j k l"), (0, "train", "m")]),
        partition(tmp_path / "3", "b", [(0, "train", "n")]),
    ]
    assert kept(select(parts, 7, None)[0]) == [[True, True], [True, True, False], [True]]
    assert kept(select(parts, 6, None)[0]) == [[True, True], [False, False, False], [True]]


def test_a_repeated_question_goes_from_training_text_only(tmp_path: Path) -> None:
    runs = runs_of(["Which of the four animals in this picture can fly? bat"])
    leak = "It asked: which of the four animals in this picture can fly? Bat, of course."
    texts = [(0, "train", leak), (0, "heldout", leak + " Yes."), (0, "train", "Bats fly.")]
    masks, removed = select([partition(tmp_path / "a", "a", texts, runs)], 1_000, None)
    assert kept(masks) == [[False, True, True]]
    assert removed == {"a": {"contaminated": 1}}
