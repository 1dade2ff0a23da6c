"""The language of visual tokens: planted laws are found, uniform codes are flat, and a shuffle removes order."""

import numpy as np
import pytest
import torch

from inkling.components.artifacts.conversations import Turn
from inkling.components.artifacts.questions import Question
from inkling.components.probe.contract import Subject
from inkling.components.probe.probes.visual_language import (
    VisualLanguageSpec,
    evenness,
    order_gain,
    zipf_exponent,
)

RANDOM = np.random.default_rng(0)


def zipf(exponent: float, types: int, count: int) -> np.ndarray:
    shares = np.arange(1, types + 1) ** -exponent
    return RANDOM.choice(types, size=count, p=shares / shares.sum())


@pytest.mark.parametrize("exponent", [0.5, 1.0, 1.6])
def test_a_planted_exponent_is_found(exponent: float) -> None:
    assert zipf_exponent(np.split(zipf(exponent, 100, 40_000), 100)) == pytest.approx(exponent, abs=0.05)


def test_uniform_codes_are_flat_and_even() -> None:
    corpus = np.split(RANDOM.integers(50, size=20_000), 100)
    assert zipf_exponent(corpus) < 0.1
    assert evenness(corpus) == pytest.approx(1, abs=0.01)
    skewed = np.split(np.repeat([0, 1], [3000, 1000]), 100)
    assert evenness(skewed) == pytest.approx(-(0.75 * np.log(0.75) + 0.25 * np.log(0.25)) / np.log(2))


def markov(documents: int, length: int, types: int) -> list[np.ndarray]:
    """Each token follows the one before by 1, four times of five; else any."""
    corpus = []
    for _ in range(documents):
        tokens = [int(RANDOM.integers(types))]
        for _ in range(length - 1):
            tokens.append((tokens[-1] + 1) % types if RANDOM.random() < 0.8 else int(RANDOM.integers(types)))
        corpus.append(np.array(tokens))
    return corpus


def test_what_the_token_before_tells_is_found_and_a_shuffle_removes_it() -> None:
    corpus, types = markov(400, 50, 10), 10
    following, other = 0.8 + 0.2 / types, 0.2 / types
    entropy = -(following * np.log(following) + (types - 1) * other * np.log(other))
    assert order_gain(corpus) == pytest.approx(np.log(types) - entropy, abs=0.03)
    assert order_gain([RANDOM.permutation(one) for one in corpus]) == pytest.approx(0, abs=0.02)


def test_all_of_it_is_measured_of_images_and_captions() -> None:
    chain = markov(60, 16, 5)
    points = np.eye(5, 8, dtype=np.float32) * 4
    features = {"grid": torch.from_numpy(points[np.stack(chain)])}
    images = [f"image{row}" for row in range(60)]
    questions = [
        Question(name, name, "", "What?", ["a", "b"], "a", "General", "object", "none", "test", "scenes", name)
        for name in images
    ]
    turns = [Turn(name, name, "caption", "General", "object", "other", "Say.", "ab" * 4) for name in images]

    class Letters:
        def encode(self, text: str) -> object:
            return type("Encoded", (), {"ids": [ord(letter) for letter in text]})

    subject = Subject(None, Letters(), questions, lambda wanted: features, turns)  # type: ignore[arg-type]
    found = VisualLanguageSpec(codes=5, draws=20).build().measure(subject, np.random.default_rng(1))
    rows = {one.name: one for one in found}
    assert len(rows) == len(found) == 7
    order = rows["codes, order"]
    assert order.low > order.null_high
    assert order.low <= order.value <= order.high
    assert rows["codes by columns, order"].value < order.value, "the chain runs along the rows"
    assert rows["captions, order"].value == pytest.approx(np.log(2), abs=0.1)
    assert rows["codes, evenness"].value > 0.95
    again = VisualLanguageSpec(codes=5, draws=20).build().measure(subject, np.random.default_rng(1))
    assert again == found
