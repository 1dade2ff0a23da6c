"""Repeats are found from signatures as they would be from the texts themselves."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inkling.components.corpus.duplicates import first_of_identical, first_of_similar, rows_of_band
from inkling.components.corpus.signatures import PERMUTATIONS, sketches_of
from inkling.components.shared.word_runs import plain_words

WORDS = [f"w{i}" for i in range(200)]


def firsts(texts: list[str], similarity: float, cuts: tuple[int, ...] = ()) -> list[int]:
    sketches = sketches_of([plain_words(text) for text in texts])
    return sorted(first_of_similar(np.split(sketches, cuts), np.arange(len(texts)), similarity).tolist())


def test_the_first_in_line_stands_for_its_like() -> None:
    identities = np.array([7, 3, 7, 3, 9], np.uint64)
    assert sorted(first_of_identical(identities, np.array([4, 3, 2, 1, 0]))) == [2, 3, 4]


def test_texts_that_differ_little_count_as_one_and_others_do_not() -> None:
    same, changed = " ".join(WORDS), " ".join(["other", *WORDS[1:]])
    half, else_ = " ".join(WORDS[:100] + ["x"] * 100), " ".join(f"v{i}" for i in range(200))
    assert firsts([same, else_, changed, half], 0.8) == [0, 1, 3]
    assert firsts([same, changed], 0.8, cuts=(1,)) == [0]


def test_similarity_goes_by_way_of_others() -> None:
    chain = [" ".join([f"x{j}" for j in range(i * 6)] + WORDS[i * 6 :]) for i in range(12)]
    assert firsts(chain, 0.8) == [0]
    assert firsts([chain[0], chain[-1]], 0.8) == [0, 1]


@pytest.mark.parametrize("similarity", [0.3, 0.5, 0.8, 0.95, 0.99])
def test_a_pair_at_the_similarity_is_compared(similarity: float) -> None:
    rows = rows_of_band(similarity)
    assert 1 - (1 - similarity**rows) ** (PERMUTATIONS // rows) >= 0.99


def test_sketches_estimate_the_jaccard_index() -> None:
    first, second = sketches_of([WORDS, WORDS[:150]])
    assert abs((first == second).mean() - 146 / 196) < 0.15
    assert sketches_of([]).shape == (0, PERMUTATIONS)


TEXTS = st.lists(st.text(st.sampled_from("ab "), min_size=1, max_size=12), min_size=1, max_size=20)


@settings(max_examples=30)
@given(TEXTS, st.floats(0.3, 0.99))
def test_no_text_goes_without_one_like_it_that_stays(texts: list[str], similarity: float) -> None:
    kept = firsts(texts, similarity)
    said = [tuple(plain_words(text)) for text in texts]
    assert kept[0] == 0
    assert {said[index] for index in kept} <= set(said)
    for index, words in enumerate(said):
        if index in kept:
            assert words not in said[:index]
