"""An estimate is written with its interval, or alone."""

from inkling.components.shared.report.numbers import with_interval


def test_an_estimate_has_its_interval() -> None:
    estimate = {"value": 0.613, "low": 0.58, "high": 0.644}
    assert with_interval(estimate) == "61.3 [58.0, 64.4]"
    assert with_interval(estimate, "+.1f") == "+61.3 [+58.0, +64.4]"
    assert with_interval(estimate, ".3f", 1) == "0.613 [0.580, 0.644]"


def test_without_an_interval_the_value_stands_alone() -> None:
    assert with_interval({"value": 0.5, "low": None, "high": None}) == "50.0"
