"""The linear probe finds what features hold linearly, and nothing in features that hold nothing."""

import numpy as np
import pytest

from inkling.components.shared.statistics.linear_probe import (
    IMAGE_AND_QUESTION,
    Probed,
    Shuffles,
    Texts,
    _Fit,
    _gram_matrices,
    _of_words,
    linear_probe,
)

WORDS = ["cat", "cup", "dog", "key"]


def asked(signal: float) -> tuple[np.ndarray, list[str], np.ndarray, list[list[str]], list[str], list[str]]:
    """Examples and questions whose features hold the answer with that strength."""
    random = np.random.default_rng(0)
    codes, noise = random.integers(4, size=300), random.normal(size=(300, 40))
    noise[:, :4] += signal * np.eye(4)[codes]
    words = [WORDS[code] for code in codes]
    return noise[:200], words[:200], noise[200:], [WORDS] * 100, words[200:], [f"i{row}" for row in range(100)]


def test_what_features_hold_is_found_with_an_interval() -> None:
    found = linear_probe(*asked(6.0))
    assert found.accuracy.value > 0.95
    assert found.accuracy.low is not None
    assert found.accuracy.low > found.prior.value
    assert found.chance == 0.25
    assert found.right.mean() == found.accuracy.value


def test_nothing_is_found_where_nothing_is() -> None:
    found = linear_probe(*asked(0.0))
    assert found.accuracy.low is not None
    assert found.accuracy.high is not None
    assert found.accuracy.low < 0.25 < found.accuracy.high + 0.1


def test_the_prior_takes_what_training_answered_most() -> None:
    found = linear_probe(
        np.zeros((3, 2)), ["cat", "cat", "dog"], np.zeros((2, 2)), [["dog", "cat"]] * 2, ["cat", "dog"], [0, 1]
    )
    assert found.prior.value == 0.5
    assert found.right.tolist() == [True, False]


@pytest.mark.parametrize("channels", [8, 100])
@pytest.mark.parametrize("by_words", [False, True])
def test_leaving_one_out_is_what_its_closed_form_says(channels: int, by_words: bool) -> None:
    """Also where channels outnumber examples, and where a map for each word makes the products no longer centred."""
    random = np.random.default_rng(1)
    features = random.normal(size=(30, channels))
    targets = features[:, :2] + random.normal(size=(30, 2))
    gram = _gram_matrices(features, features)[0]
    if by_words:
        gram = gram * _of_words(Texts(["up", "down", "up and down"] * 10, []))[0]
    centred = gram - gram.mean(0) - gram.mean(0)[:, None] + gram.mean()
    scale = np.linalg.eigvalsh(centred).mean()

    def fitted(rest: np.ndarray, penalty: float) -> np.ndarray:
        """What ridge regression on some examples, its intercept without penalty, says of all."""
        system = np.ones((len(rest) + 1, len(rest) + 1))
        system[:-1, :-1], system[-1, -1] = gram[np.ix_(rest, rest)] + penalty * scale * np.eye(len(rest)), 0
        solved = np.linalg.solve(system, np.vstack([targets[rest], np.zeros(2)]))
        return gram[:, rest] @ solved[:-1] + solved[-1]

    def left_out(penalty: float) -> float:
        errors = [targets[row] - fitted(np.delete(np.arange(30), row), penalty)[row] for row in range(30)]
        return float(np.square(errors).mean())

    chosen = min([10.0**power for power in range(-3, 5)], key=left_out)
    fit = _Fit.of(gram, targets)
    np.testing.assert_allclose(gram @ fit.weights + fit.middle, fitted(np.arange(30), chosen), atol=1e-5)
    assert fit.left_out == pytest.approx(left_out(chosen), rel=1e-4)
    assert fit.left_out > 0.5, "of noise that nothing tells, an error is left"


def test_no_examples_are_refused() -> None:
    with pytest.raises(ValueError, match="got 0 and 0"):
        linear_probe(np.zeros((0, 2)), [], np.zeros((0, 2)), [], [], [])


def pairs(bound: bool) -> tuple[np.ndarray, list[str], list[str]]:
    """Features with a number, a question of one of two kinds, and an answer: the number's sign, or its opposite."""
    random = np.random.default_rng(2)
    features, kinds = random.normal(size=(500, 4)), random.integers(2, size=500)
    signs = np.where(kinds, 1, -1) * (features[:, 0] if bound else random.normal(size=500))
    return features, [f"Is it {('up', 'down')[kind]}?" for kind in kinds], ["no" if one < 0 else "yes" for one in signs]


def probed(bound: bool, read: bool) -> Probed:
    features, questions, answers = pairs(bound)
    return linear_probe(
        features[:400], answers[:400], features[400:], [["yes", "no"]] * 100, answers[400:], range(100),
        Texts(questions[:400], questions[400:]) if read else None, Shuffles(100, np.random.default_rng(0)),
    )  # fmt: skip


def test_what_the_question_says_decides_is_found_only_by_the_map_that_reads_it() -> None:
    blind, reading = probed(True, read=False), probed(True, read=True)
    assert blind.accuracy.high is not None
    assert reading.accuracy.low is not None
    assert blind.accuracy.high < reading.accuracy.low
    assert reading.reads == IMAGE_AND_QUESTION
    assert reading.accuracy.value > 0.9


@pytest.mark.parametrize("bound", [True, False])
def test_a_find_lies_above_the_null_distribution_and_nothing_within(bound: bool) -> None:
    found = probed(bound, read=True)
    assert found.null is not None
    low, high = found.null
    assert found.accuracy.value > high if bound else low <= found.accuracy.value <= high
