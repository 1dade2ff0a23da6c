"""Calibration against scikit-learn and simulated models."""

import numpy as np
import pytest
from sklearn.calibration import calibration_curve
from sklearn.metrics import brier_score_loss

from inkling.components.shared.statistics.calibration import calibration, option_shares


def drawn(number: int, seed: int, sharper: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
    """Confidences, and answers that are right as often as `confidence ** sharper` says."""
    random = np.random.default_rng(seed)
    sure = random.uniform(0.3, 1, number)
    return sure, random.random(number) < sure**sharper


def test_brier_and_bins_are_those_of_scikit_learn() -> None:
    sure, right = drawn(500, 0)
    found = calibration(sure, right, np.arange(500))
    assert found.brier.value == pytest.approx(brier_score_loss(right, sure), rel=1e-12)
    accuracies, confidences = calibration_curve(right, sure, n_bins=10, strategy="quantile")
    assert [one.accuracy for one in found.bins] == pytest.approx(accuracies.tolist())
    assert [one.confidence for one in found.bins] == pytest.approx(confidences.tolist())
    assert found.ece == pytest.approx(np.abs(accuracies - confidences).mean())


def test_a_calibrated_model_has_the_error_that_is_foreseen() -> None:
    errors = [calibration(*drawn(200, seed), np.arange(200)) for seed in range(300)]
    assert np.mean([one.ece for one in errors]) == pytest.approx(np.mean([one.ece_calibrated for one in errors]), 0.05)
    overconfident = calibration(*drawn(200, 1, sharper=3), np.arange(200))
    assert overconfident.ece > 3 * overconfident.ece_calibrated


def test_order_of_equally_sure_answers_does_not_matter() -> None:
    sure, right = [0.5] * 25 + [0.9], [True] * 10 + [False] * 16
    assert calibration(sure, right, range(26)).ece == pytest.approx(calibration(sure[::-1], right[::-1], range(26)).ece)


def test_few_answers_make_fewer_bins() -> None:
    found = calibration([0.5, 0.75], [True, False], ["a", "b"])
    assert [one.questions for one in found.bins] == [1, 1]
    assert found.ece == pytest.approx((0.5 + 0.75) / 2)
    assert found.brier_constant == 0.25
    with pytest.raises(ValueError, match="0 confidences"):
        calibration([], [], [])


def test_shares_are_a_softmax() -> None:
    assert option_shares([-1000.0, -1000.0 + np.log(3)]) == pytest.approx([0.25, 0.75])
