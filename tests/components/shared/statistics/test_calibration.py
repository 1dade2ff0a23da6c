"""Calibration against scikit-learn and simulated models."""

from collections.abc import Sequence

import numpy as np
import pytest
from sklearn.calibration import calibration_curve
from sklearn.metrics import brier_score_loss

from inkling.components.shared.statistics.calibration import Calibration, calibration, option_shares


def drawn(number: int, seed: int, sharper: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
    """Confidences, and answers that are right as often as `confidence ** sharper` says."""
    random = np.random.default_rng(seed)
    sure = random.uniform(0.5, 1, number)
    return sure, random.random(number) < sure**sharper


def of_two(sure: Sequence[float] | np.ndarray, right: Sequence[bool] | np.ndarray, images: object) -> Calibration:
    """The calibration of questions with two options, the first of them chosen."""
    shares = [(one, 1 - one) for one in sure]
    return calibration(shares, [0] * len(shares), [0 if one else 1 for one in right], images)  # type: ignore[arg-type]


def test_brier_of_several_options_is_that_of_scikit_learn() -> None:
    random = np.random.default_rng(1)
    shares, right = random.dirichlet([1] * 4, 300), random.integers(4, size=300)
    found = calibration(shares.tolist(), shares.argmax(1).tolist(), right.tolist(), np.arange(300) // 3)
    expected = brier_score_loss(right, shares, labels=range(4), scale_by_half=False)
    assert found.brier.value == pytest.approx(expected, rel=1e-12)
    assert found.brier_uniform == pytest.approx(brier_score_loss(right, np.full((300, 4), 0.25), labels=range(4)))
    assert found.brier.low is not None and found.brier.high is not None
    assert found.brier.high - found.brier.value == pytest.approx(found.brier.value - found.brier.low)
    assert (found.brier.questions, found.brier.images) == (300, 100)


def test_brier_of_two_options_is_twice_that_of_one_event_and_bins_are_those_of_scikit_learn() -> None:
    sure, right = drawn(500, 0)
    found = of_two(sure, right, np.arange(500))
    assert found.brier.value == pytest.approx(2 * brier_score_loss(right, sure), rel=1e-12)
    accuracies, confidences = calibration_curve(right, sure, n_bins=10, strategy="quantile")
    assert [one.accuracy for one in found.bins] == pytest.approx(accuracies.tolist())
    assert [one.confidence for one in found.bins] == pytest.approx(confidences.tolist())
    assert found.ece == pytest.approx(np.abs(accuracies - confidences).mean())


def test_the_worst_score_is_two_and_the_best_zero() -> None:
    wrong, right = (calibration([[1.0, 0.0, 0.0]] * 5, [0] * 5, [one] * 5, range(5)) for one in (2, 0))
    assert (wrong.brier.value, wrong.brier.high, wrong.ece) == (2, 2, 1)
    assert (right.brier.value, right.brier.low, right.ece) == (0, 0, 0)
    assert wrong.brier.low is not None and wrong.brier.low < 2


def test_a_calibrated_model_has_the_error_that_is_foreseen() -> None:
    errors = [of_two(*drawn(200, seed), np.arange(200)) for seed in range(300)]
    assert np.mean([one.ece for one in errors]) == pytest.approx(np.mean([one.ece_calibrated for one in errors]), 0.05)
    overconfident = of_two(*drawn(200, 1, sharper=3), np.arange(200))
    assert overconfident.ece > 3 * overconfident.ece_calibrated


def test_intervals_of_the_brier_score_cover_what_they_say() -> None:
    """Of a calibrated model whose images are clear or unclear, two questions each; the truth is 1 less the squares."""
    random, held, number = np.random.default_rng(5), 0, 400
    images = np.repeat(np.arange(number), 2)
    for _ in range(400):
        shares = random.permutation(np.repeat([[0.8, 0.1, 0.1], [0.4, 0.3, 0.3]], number // 2, axis=0))
        right = (random.random((number, 1)) > shares.cumsum(1)).sum(1).clip(max=2)  # all questions of an image alike
        twice = np.repeat(shares, 2, axis=0).tolist(), [0] * 2 * number, np.repeat(right, 2).tolist()
        found = calibration(*twice, images).brier
        assert found.low is not None and found.high is not None
        held += found.low <= (1 - 0.66 + 1 - 0.34) / 2 <= found.high
    assert held / 400 == pytest.approx(0.955, abs=0.025)


def test_order_of_equally_sure_answers_does_not_matter() -> None:
    sure, right = [0.5] * 25 + [0.9], [True] * 10 + [False] * 16
    assert of_two(sure, right, range(26)).ece == pytest.approx(of_two(sure[::-1], right[::-1], range(26)).ece)


def test_few_answers_make_fewer_bins() -> None:
    found = of_two([0.5, 0.75], [True, False], ["a", "b"])
    assert [one.questions for one in found.bins] == [1, 1]
    assert found.ece == pytest.approx((0.5 + 0.75) / 2)
    with pytest.raises(ValueError, match="0 questions"):
        calibration([], [], [], [])


def test_shares_are_a_softmax() -> None:
    assert option_shares([-1000.0, -1000.0 + np.log(3)]) == pytest.approx([0.25, 0.75])
