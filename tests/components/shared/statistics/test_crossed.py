"""Intervals over seeds and questions cover 95 % where both are noisy; their tests err at the rate that they state."""

from collections.abc import Iterator

import numpy as np
import pytest
from numpy.typing import NDArray

from inkling.components.shared.statistics.crossed import CrossedMean, QuestionSample, moderated

IMAGES, EACH = 100, 3
CODES = [f"image{number // EACH}" for number in range(IMAGES * EACH)]
RATE = 0.45


def answered(
    draws: int, groups: int, seeds: int, spread: float, seed: int, own: float = 1.0
) -> Iterator[NDArray[np.float64]]:
    """Answers of the groups of a study whose truth is 45 % in each, (groups, seeds, questions), study by study.

    Images are easy or hard to all, and kind to some seeds; a seed is better or worse at all questions.

    Args:
        draws: Studies.
        groups: Groups of each.
        seeds: Runs of each group.
        spread: Standard deviation of the seeds.
        seed: Of the draws.
        own: What that of the first group is multiplied by.
    """
    random = np.random.default_rng(seed)
    scale = np.full((groups, 1, 1), spread)
    scale[0] *= own
    for _ in range(draws):
        ease = np.repeat(random.uniform(-0.3, 0.3, IMAGES), EACH)
        kind = np.repeat(random.uniform(-0.1, 0.1, (groups, seeds, IMAGES)), EACH, axis=2)
        chance = RATE + ease + kind + scale * random.normal(size=(groups, seeds, 1))
        yield (random.random(chance.shape) < chance).astype(np.float64)


def over(values: NDArray[np.float64], sample: QuestionSample) -> CrossedMean:
    return CrossedMean.over(sample.means(values), sample.influences(values), sample.least)


def covered(draws: int, groups: int, seeds: int, spread: float, seed: int = 0, own: float = 1.0) -> float:
    """How often the intervals of the groups hold the truth."""
    sample = QuestionSample(CODES)
    held = [
        abs(mean.value - RATE) <= mean.half_width
        for study in answered(draws, groups, seeds, spread, seed, own)
        for mean in moderated([over(values, sample) for values in study])
    ]
    return float(np.mean(held))


@pytest.mark.parametrize("spread", [0.0, 0.02, 0.06])
@pytest.mark.parametrize(
    ("draws", "least"), [(120, 0.92), pytest.param(2500, 0.945, marks=pytest.mark.soak)], ids=["few", "many"]
)
def test_intervals_of_three_seeds_cover_what_they_say(spread: float, draws: int, least: float) -> None:
    """The study of five groups, three seeds each, whose seeds differ not at all, a little and more than questions.

    Where they differ not at all, Student's quantile is more than is needed: up to 97 %.
    """
    assert least <= covered(draws, 5, 3, spread) <= 0.98


@pytest.mark.parametrize("spread", [0.0, 0.02, 0.06])
def test_a_group_alone_errs_on_the_wide_side(spread: float) -> None:
    """Student's quantile of two degrees of freedom is 4.3; in between the two parts are not as far at once."""
    assert covered(400, 1, 3, spread, seed=1) > 0.93


def test_an_interval_blind_to_seeds_does_not_cover() -> None:
    """The fault planted: questions alone are drawn anew."""
    sample, held = QuestionSample(CODES), []
    for (values,) in answered(300, 1, 3, 0.06, seed=2):
        mean = over(values.mean(axis=0, keepdims=True), sample)
        held.append(abs(mean.value - RATE) <= mean.half_width)
    assert np.mean(held) < 0.85


def test_a_quieter_group_is_covered_more_often_and_a_noisier_one_less() -> None:
    """What shrinking costs where a group's seeds are unlike the others': stated where it is described."""
    sample = QuestionSample(CODES)
    first = {own: [] for own in (0.25, 3.0)}
    for own, held in first.items():
        for study in answered(150, 8, 3, 0.05, seed=3, own=own):
            mean = moderated([over(values, sample) for values in study])[0]
            held.append(abs(mean.value - RATE) <= mean.half_width)
    assert np.mean(first[0.25]) > 0.95 > np.mean(first[3.0])


@pytest.mark.parametrize(
    ("draws", "tolerance"), [(150, 0.04), pytest.param(3000, 0.02, marks=pytest.mark.soak)], ids=["few", "many"]
)
def test_contrasts_without_effect_have_small_p_values_as_often_as_they_say(draws: int, tolerance: float) -> None:
    sample, found = QuestionSample(CODES), []
    for study in answered(draws, 6, 3, 0.03, seed=4):
        pairs = [(study[2 * number] - study[2 * number + 1]) for number in range(3)]
        found += [mean.p_value for mean in moderated([over(pair, sample) for pair in pairs])]
    for level in (0.05, 0.1, 0.25):
        assert np.mean(np.array(found) <= level) == pytest.approx(level, abs=tolerance), level


def test_a_p_value_is_the_level_at_which_the_interval_reaches_zero() -> None:
    for value, agrees in ((0.1, False), (0.3, True)):
        mean = CrossedMean(value, 3, 0.004, 2.0, 0.0005)
        assert (mean.p_value < 0.05) == (mean.half_width < value) == agrees
    edge = CrossedMean(CrossedMean(1.0, 3, 0.004, 2.0, 0.0005).half_width, 3, 0.004, 2.0, 0.0005)
    assert edge.p_value == pytest.approx(0.05)
    assert CrossedMean(0.0, 3, 0.1, 2.0, 0.1).p_value == 1.0
    assert CrossedMean(0.1, 3, 0.0, 2.0, 0.0).p_value == 0.0


def test_extremes_are_those_of_one_way() -> None:
    """Without questions the interval is Student's of the seeds; of one seed it is the normal one of the questions."""
    values = np.array([0.4, 0.5, 0.6])
    seeds = CrossedMean.over(values, np.zeros((3, 4)))
    assert seeds.half_width == pytest.approx(4.30265 * 0.1 / np.sqrt(3), rel=1e-5)
    one = CrossedMean.over(values[:1], np.full((1, 4), 0.01))
    assert (one.half_width, one.freedom) == (pytest.approx(1.95996 * 0.02, rel=1e-5), 0.0)


def test_agreeing_variances_are_pooled_and_a_noisy_one_keeps_its_own() -> None:
    alike = moderated([CrossedMean(0.5, 3, variance, 2.0, 0.0) for variance in (0.9, 1.0, 1.1, 1.2)])
    assert {round(one.seed_variance, 6) for one in alike} == {1.05} and {one.freedom for one in alike} == {8.0}
    apart = moderated([CrossedMean(0.5, 30, variance, 29.0, 0.0) for variance in (1e-4, 1.0, 1e4, 1e8)])
    assert apart[0].seed_variance < 0.01 and apart[0].freedom < 32
    single = CrossedMean(0.5, 1, 0.0, 0.0, 1.0)
    assert moderated([single, *alike])[0] == single and moderated([]) == []


def test_families_weigh_the_same_and_an_image_counts_across_them() -> None:
    sample = QuestionSample(["a", "a", "b", "c"], ["one", "two", "one", "one"])
    values = np.array([[1.0, 0.0, 0.0, 0.5]])
    assert sample.means(values)[0] == pytest.approx((0.5 + 0.0) / 2)
    assert sample.influences(values)[0] == pytest.approx(np.array([0.5 / 6, -0.5 / 6, 0.0]) * np.sqrt(1.5))
    assert (sample.questions, sample.images) == (4, 3)
    with pytest.raises(ValueError, match="no questions"):
        QuestionSample([])
