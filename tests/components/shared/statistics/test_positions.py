"""Position bias against scipy, and by simulation."""

import numpy as np
import pytest
from scipy.stats import chisquare, kstest

from inkling.components.shared.statistics.positions import position_bias


def test_it_is_the_chi_squared_of_scipy() -> None:
    chosen = np.repeat([0, 1, 2, 3], [40, 25, 20, 15])
    found = position_bias(chosen, [4] * 100)
    assert found is not None
    assert found.p_value == pytest.approx(chisquare([40, 25, 20, 15]).pvalue)
    assert [one.chosen for one in found.positions] == pytest.approx([0.4, 0.25, 0.2, 0.15])
    assert found.positions[0].low > found.positions[0].uniform == 0.25


def test_questions_of_other_numbers_of_options_are_expected_to_differ() -> None:
    """Always the last option: position 1 of two options, position 2 of three."""
    found = position_bias([1] * 30 + [2] * 30, [2] * 30 + [3] * 30)
    assert found is not None
    assert [one.uniform for one in found.positions] == pytest.approx([(1 / 2 + 1 / 3) / 2, (1 / 2 + 1 / 3) / 2, 1 / 3])
    assert [one.questions for one in found.positions] == [60, 60, 30]
    assert found.p_value < 1e-10


def test_without_a_preference_p_values_are_uniform() -> None:
    """A model that always wants the same option has no position bias, though questions share images."""
    random = np.random.default_rng(0)
    orders = random.permuted(np.tile(np.arange(4), (600, 200, 1)), axis=2)  # (draws, questions, options)
    places = np.argmax(orders == 2, axis=2)
    found = [position_bias(one, [4] * 200) for one in places]
    assert kstest([one.p_value for one in found if one], "uniform").statistic < 0.06


def test_a_single_option_says_nothing() -> None:
    assert position_bias([0, 0], [1, 1]) is None
    with pytest.raises(ValueError, match="chosen position"):
        position_bias([2], [2])
