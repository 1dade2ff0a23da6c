"""The lexicon: counts words, plurals, phrases and patterns; a rate and a least number of occurrences make a label."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from inkling.components.artifacts.labels import LABELS
from inkling.components.label.lexicon import Entry, Lexicon

PLAIN = Entry(threshold=1_000, words="nothing")
ENTRIES = dict.fromkeys(LABELS, PLAIN) | {
    "code": Entry(threshold=500, patterns=[r"\bdef \w+", "=="]),
    "concept": Entry(threshold=250, words="zebra box"),
    "relationship": Entry(threshold=250, phrases=["in front of", "part of"]),
}
SMALL = Lexicon(ENTRIES)
TEXTS = {
    "code": "def area(self, width):\n    if width == 0:\n        return None\n    return self.height * width\n\n"
    "class Box:\n    def __init__(self, size):\n        self.size = size\n    for x in range(10):\n        print(x)\n",
    "math": "Theorem. Every polynomial equation of degree n has n complex roots. Proof. Let f be a polynomial with "
    "real coefficients; the integral of its derivative x**2 + 3*x satisfies the inequality.",
    "science": "We test the hypothesis with an experiment: a regression model is fitted to the data set, and the "
    "variance of the estimator and its correlation with the prediction are analysed.",
    "concept": "The king rode his horse to the river, where a woman and her child sat under a fig tree with a basket "
    "of bread; a bird flew over the house and a dog ran to the gate.",
    "attribute": "Large oval leaves, dark green above and pale grey below, with a smooth, glossy surface; the flowers "
    "are small, white and fragrant, the bark rough and reddish brown.",
    "relationship": "The house stands on the east side of the river, near the bridge and opposite the mill; behind it, "
    "in front of the wood, lies a field surrounded by a wall, and above them all the tower.",
}


def test_what_speaks_for_a_label_is_counted() -> None:
    words, counts = SMALL.count(["Zebras, a zebra; boxes! A ZEBRAFISH is no part of it.", "def f == g, in front of h"])
    assert words.tolist() == [11, 7]
    assert counts[:, LABELS.index("concept")].tolist() == [3, 0]
    assert counts[:, LABELS.index("relationship")].tolist() == [1, 1]
    assert counts[:, LABELS.index("code")].tolist() == [0, 2]


def test_the_rate_decides_and_one_occurrence_is_not_enough() -> None:
    column = LABELS.index("concept")
    flags = SMALL(["zebra", "zebra zebra", "zebra zebra " + "a " * 6, "zebra zebra " + "a " * 7])
    assert flags[:, column].tolist() == [False, True, True, False]


@given(st.lists(st.text(st.sampled_from("zebra box.\n=def part of in front"), max_size=60), max_size=8))
def test_each_text_is_judged_on_its_own(texts: list[str]) -> None:
    together = SMALL(texts)
    assert together.shape == (len(texts), 6)
    for text, flags in zip(texts, together, strict=True):
        assert (SMALL([text])[0] == flags).all()


def test_empty_texts_carry_nothing() -> None:
    assert not Lexicon.load()(["", "  \n", "12 + 5"]).any()


@pytest.mark.parametrize("label", LABELS)
def test_the_shipped_lexicon_knows_a_clear_case(label: str) -> None:
    flags = Lexicon.load()([TEXTS[label]])[0]
    assert flags[LABELS.index(label)]


def test_the_shipped_lexicon_keeps_the_families_apart() -> None:
    flags = Lexicon.load()([TEXTS[label] for label in LABELS])
    assert not flags[:3, 3:].any()
    assert not flags[3:, :3].any()


def test_no_word_speaks_for_reasoning_and_for_what_is_seen() -> None:
    vocabularies = [entry.vocabulary() for entry in Lexicon.load()._entries]
    seen = set().union(*vocabularies[3:5])
    assert {word for vocabulary in vocabularies[:3] for word in vocabulary & seen} == set()


def test_batches_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    texts = [*TEXTS.values(), "", "zebra"]
    whole = Lexicon.load()(texts)
    monkeypatch.setattr("inkling.components.label.lexicon._BATCH", 3)
    assert np.array_equal(Lexicon.load()(texts), whole)


def test_words_are_runs_of_the_letters_a_to_z_in_any_case() -> None:
    words, counts = SMALL.count(["", " \n", "Zebra-ZEBRA 2zebras", "caf\u00e9 \u00fcber \u212aelvin zebra\u4e2dzebra"])
    assert words.tolist() == [0, 0, 3, 5]
    assert counts[:, LABELS.index("concept")].tolist() == [0, 0, 3, 2]
