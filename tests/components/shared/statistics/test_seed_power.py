"""As many seeds as are said to settle a contrast settle it four times out of five."""

import numpy as np
import pytest

from inkling.components.shared.statistics.crossed import CrossedMean
from inkling.components.shared.statistics.seed_power import seed_power


@pytest.mark.parametrize(("seed_spread", "questions"), [(0.03, 0.002), (0.02, 0.008)])
def test_power_is_what_is_said(seed_spread: float, questions: float) -> None:
    """Contrasts are drawn with the variances known and the effect that was observed."""
    random, effect = np.random.default_rng(0), 0.04
    stated = seed_power(CrossedMean(effect, 3, seed_spread**2 / 3, 2.0, questions**2))
    assert stated is not None and stated.needed is not None and stated.needed > 3
    found = []
    for _ in range(2000):
        seeds = effect + seed_spread * random.normal(size=stated.needed)
        mean = float(seeds.mean()) + questions * random.normal()
        variance = float(np.var(seeds, ddof=1)) / stated.needed
        one = CrossedMean(mean, stated.needed, variance, stated.needed - 1.0, questions**2)
        found.append(one.half_width < abs(one.value))
    assert 0.76 < np.mean(found) < 0.9


def test_what_questions_cannot_show_no_seeds_show() -> None:
    stated = seed_power(CrossedMean(0.02, 3, 0.01**2, 2.0, 0.01**2))
    assert stated is not None and stated.needed is None
    assert stated.limit == pytest.approx((1.959964 + 0.841621) * 0.01, rel=1e-5)
    assert stated.smallest > stated.limit
    assert seed_power(CrossedMean(0.02, 1, 0.0, 0.0, 0.01**2)) is None
