"""Means of counts against Student's interval of scipy."""

import numpy as np
import pytest
from scipy import stats

from inkling.components.shared.statistics.counts import number_mean


def test_a_mean_of_counts_has_students_interval_clustered_by_image() -> None:
    values = np.random.default_rng(0).poisson(30, 40)
    found = number_mean(values, np.arange(40))
    low, high = stats.t.interval(0.95, 39, values.mean(), stats.sem(values))
    assert (found.low, found.high) == (pytest.approx(low), pytest.approx(high))
    twice = number_mean(np.repeat(values, 2), np.repeat(np.arange(40), 2))
    assert (twice.low, twice.high) == (pytest.approx(low), pytest.approx(high))
    assert number_mean([3, 5], ["i", "i"]).low is None
    with pytest.raises(ValueError, match="2 numbers of 1 images"):
        number_mean([1, 2], ["i"])
