from statistics import NormalDist

import pytest

from inkling.components.shared.statistics.quantiles import Z_95, student_quantile


@pytest.mark.parametrize(
    ("freedom", "quantile"), [(1, 12.706), (2, 4.303), (4, 2.776), (5, 2.571), (10, 2.228), (30, 2.042)]
)
def test_student_quantiles_of_the_tables(freedom: int, quantile: float):
    assert student_quantile(freedom) == pytest.approx(quantile, abs=5e-4)


def test_the_normal_quantile_is_that_of_many_degrees_of_freedom():
    assert pytest.approx(NormalDist().inv_cdf(0.975), abs=1e-12) == Z_95
    assert student_quantile(10**7) == pytest.approx(Z_95, abs=1e-6)
