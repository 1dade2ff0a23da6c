"""Duplicates: repeated text is left out once, held-out text is never trained on, counts are true."""

import json
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from inkling.components.artifacts.corpus import Segment
from inkling.components.corpus.build import build_corpus
from inkling.components.corpus.catalogue import Source
from inkling.components.corpus.config import CorpusConfig
from inkling.components.corpus.duplicates import Removed, without_duplicates

WORDS = [f"w{i}" for i in range(60)]


def segment(source: str, number: int, text: str, split: str = "train") -> Segment:
    return Segment(source, f"{source}:{number}", 0, text, len(text.split()), "MIT", split)


def test_the_same_words_are_taken_once_whatever_their_marks() -> None:
    sources = {"a": [segment("a", 0, "One, two."), segment("a", 1, "one two")], "b": [segment("b", 0, "ONE TWO!")]}
    kept, removed = without_duplicates(sources, 1.0)
    assert kept == {"a": [sources["a"][0]], "b": []}
    assert removed == {"a": Removed(exact=1), "b": Removed(exact=1)}


def test_nearly_the_same_is_left_out_from_the_similarity_on() -> None:
    changed = " ".join(["other", *WORDS[1:]])
    sources = {"a": [segment("a", 0, " ".join(WORDS)), segment("a", 1, changed)]}
    assert without_duplicates(sources, 0.8)[1] == {"a": Removed(near=1)}
    assert without_duplicates(sources, 0.99)[1] == {"a": Removed()}


def test_training_text_gives_way_to_held_out_text_of_any_source() -> None:
    text = " ".join(WORDS)
    sources = {"a": [segment("a", 0, text)], "b": [segment("b", 0, text, "heldout")]}
    assert without_duplicates(sources, 0.8)[0] == {"a": [], "b": sources["b"]}


TEXTS = st.lists(st.text(st.sampled_from("ab "), min_size=1, max_size=12), max_size=20)


@settings(max_examples=30)
@given(TEXTS, st.floats(0.3, 1))
def test_nothing_is_left_out_twice_and_no_word_sequence_is_lost(texts: list[str], similarity: float) -> None:
    segments = [segment("a", number, text) for number, text in enumerate(texts)]
    kept, removed = without_duplicates({"a": segments}, similarity)
    assert len(kept["a"]) + removed["a"].exact + removed["a"].near == len(texts)
    assert without_duplicates(kept, similarity)[0] == kept
    assert [part for part in segments if part in kept["a"]] == kept["a"]
    if similarity == 1:
        assert {" ".join(text.split()) for text in texts} == {" ".join(part.text.split()) for part in kept["a"]}


def test_the_stage_reports_what_it_left_out(fake_sources: dict[str, Source], tmp_path: Path) -> None:
    settings = {"sources": ["encyclopedia", "code"], "words_per_source": 1_500, "segment_words": 16, "heldout": 0.3}
    whole = build_corpus(CorpusConfig.model_validate(settings), tmp_path / "a" / "corpus")
    thin = build_corpus(CorpusConfig.model_validate({**settings, "similarity": 1.0}), tmp_path / "b" / "corpus")
    removed = json.loads((thin.path / "duplicates.json").read_text())
    assert not (whole.path / "duplicates.json").exists()
    assert removed["code"]["exact"] > 0
    for name, summary in thin.sources().items():
        assert summary.segments == len(thin.segments(name)) == len(whole.segments(name)) - removed[name]["exact"]
        texts = [part.text.split() for part in thin.segments(name)]
        assert all(text not in texts[:index] for index, text in enumerate(texts))
