"""Laws on logarithms: synthetic ones are found again, and predict the point that was left out."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from inkling.components.shared.statistics.power_law import LogLine, fit_power_law


@given(
    st.floats(0.5, 50),
    st.floats(-0.5, 0.5),
    st.lists(st.integers(10, 10**9), min_size=2, max_size=8, unique=True),
)
def test_a_law_is_found_again(factor: float, exponent: float, amounts: list[int]) -> None:
    law = fit_power_law(amounts, [factor * amount**-exponent for amount in amounts])
    assert law.exponent == pytest.approx(exponent, abs=1e-6)
    assert law(amounts[0]) == pytest.approx(factor * amounts[0] ** -exponent, rel=1e-6)
    assert sum(law.weights) == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize(
    ("amounts", "losses"), [([10], [3.0]), ([10, 10], [3.0, 2.0]), ([0, 10], [3.0, 2.0]), ([5, 10], [3.0, -1.0])]
)
def test_no_law_goes_through_less(amounts: list[float], losses: list[float]) -> None:
    with pytest.raises(ValueError, match="a power law needs"):
        fit_power_law(amounts, losses)


@given(st.floats(-5, 5), st.floats(-1, 1), st.lists(st.integers(1, 10**9), min_size=2, max_size=8, unique=True))
def test_a_line_predicts_what_follows_it(level: float, slope: float, amounts: list[int]) -> None:
    values = level + slope * np.log2(amounts)
    line = LogLine.through(amounts, 2.0 * max(amounts))
    assert line.slope @ values == pytest.approx(slope, abs=1e-6)
    assert line.prediction @ values == pytest.approx(level + slope * (np.log2(max(amounts)) + 1), abs=1e-5)
    assert line.prediction.sum() == pytest.approx(1)


def test_a_line_needs_two_amounts() -> None:
    with pytest.raises(ValueError, match="two or more"):
        LogLine.through([5, 5], 10)
