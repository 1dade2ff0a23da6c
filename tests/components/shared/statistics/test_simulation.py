"""Under no difference intervals cover 95 % and p-values are uniform, where questions share images too."""

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.stats import binom

from inkling.components.shared.statistics.intervals import (
    accuracy,
    clustered_mean,
    mcnemar,
    paired_difference,
)
from inkling.components.shared.statistics.paired import clustered_p_value

IMAGES = 150
LEVELS = (0.01, 0.05, 0.1, 0.25, 0.5, 0.75)


def answered(draws: int, each: int, seed: int) -> NDArray[np.bool_]:
    """Answers in two views that are equally good, right in 45 % of all cases, (2, draws, questions).

    An image's questions are alike twice over: it is easy or hard, and kind to one view or to the other. One question an
    image has neither.
    """
    random = np.random.default_rng(seed)
    ease = random.uniform(-0.25, 0.25, (draws, IMAGES, 1)) if each > 1 else 0.0
    kind = random.choice([-0.2, 0.2], (draws, IMAGES, 1)) if each > 1 else 0.0
    noise = random.random((2, draws, IMAGES, each))
    return np.stack([noise[0] < 0.45 + ease + kind, noise[1] < 0.45 + ease - kind]).reshape(2, draws, IMAGES * each)


def covered(draws: int, each: int) -> dict[str, float]:
    """How often the interval of each estimator holds the truth."""
    first, second = answered(draws, each, seed=each)
    images = np.repeat(np.arange(IMAGES), each)
    families = np.arange(IMAGES * each) % 3 % 2  # two families, one of them twice as large
    truths = {"accuracy": 0.45, "families": 0.45, "difference": 0.0, "difference of families": 0.0}
    held = dict.fromkeys(truths, 0)
    for one, other in zip(first, second, strict=True):
        estimates = (
            accuracy(one, images),
            clustered_mean(one, images, families),
            paired_difference(one, other, images),
            paired_difference(one, other, images, families),
        )
        for (name, truth), estimate in zip(truths.items(), estimates, strict=True):
            assert estimate.low is not None and estimate.high is not None
            held[name] += estimate.low <= truth <= estimate.high
    return {name: count / draws for name, count in held.items()}


@pytest.mark.parametrize(
    ("draws", "tolerance"), [(1000, 0.015), pytest.param(40000, 0.006, marks=pytest.mark.soak)], ids=["few", "many"]
)
@pytest.mark.parametrize("each", [1, 4])
def test_intervals_cover_what_they_say(draws: int, tolerance: float, each: int) -> None:
    for name, share in covered(draws, each).items():
        assert share == pytest.approx(0.95, abs=tolerance), name


def test_an_interval_blind_to_images_does_not_cover() -> None:
    """The fault planted: the same answers, every question taken for an image of its own."""
    first, second = answered(400, 4, seed=4)
    intervals = [paired_difference(one, other, np.arange(IMAGES * 4)) for one, other in zip(first, second, strict=True)]
    assert np.mean([one.low <= 0 <= one.high for one in intervals]) < 0.92


@pytest.mark.parametrize(
    ("draws", "tolerance"), [(2000, 0.03), pytest.param(40000, 0.01, marks=pytest.mark.soak)], ids=["few", "many"]
)
@pytest.mark.parametrize(("each", "groups"), [(1, False), (4, False), (4, True)])
def test_clustered_p_values_are_uniform(draws: int, tolerance: float, each: int, groups: bool) -> None:
    """Of one question an image the sum is a whole number: its p-values are steps, at the upper end up to 0.09 apart."""
    tolerance = max(tolerance, 0.03) if each == 1 else tolerance
    first, second = answered(draws, each, seed=10 + each)
    images = np.repeat(np.arange(IMAGES), each)
    families = np.arange(IMAGES * each) % 3 % 2 if groups else None
    pairs = zip(first, second, strict=True)
    found = np.array([clustered_p_value(one, other, images, families) for one, other in pairs])
    for level in LEVELS:
        assert (found <= level).mean() == pytest.approx(level, abs=tolerance), level


def test_mcnemars_p_values_are_uniform_where_questions_are_independent() -> None:
    """An exact test's p-value is uniform once the split that was found counts by a random part (Lehmann and Romano)."""
    random = np.random.default_rng(0)
    found = []
    for one, other in zip(*answered(2000, 1, seed=20), strict=True):
        result = mcnemar(one, other)
        discordant, fewer = result.only_first + result.only_second, min(result.only_first, result.only_second)
        own = binom.pmf(fewer, discordant, 0.5) * (1 if 2 * fewer == discordant else 2)
        found.append(result.p_value - random.random() * own)
    for level in LEVELS:
        assert (np.array(found) <= level).mean() == pytest.approx(level, abs=0.03), level


def test_mcnemar_finds_differences_that_are_not_there_where_images_are_shared() -> None:
    """Why the clustered p-value stands beside it."""
    first, second = answered(400, 4, seed=14)
    assert np.mean([mcnemar(one, other).p_value <= 0.05 for one, other in zip(first, second, strict=True)]) > 0.07
