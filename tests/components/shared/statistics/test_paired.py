"""Tests of paired answers against statsmodels, closed forms and the sums they solve."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import chi2, norm

from inkling.components.shared.statistics.paired import (
    clustered_p_value,
    holm,
    mcnemar_power,
    power,
    smallest_difference,
)

REASON = "comes with the extra 'monitor'"
"""Of statsmodels, whose import takes seconds: what is compared with it runs with the soak."""


@pytest.mark.soak
def test_holm_is_that_of_statsmodels() -> None:
    multitest = pytest.importorskip("statsmodels.stats.multitest", reason=REASON)
    random = np.random.default_rng(3)
    for number in range(1, 40):
        p_values = random.uniform(0, 2 / number, number).clip(0, 1).round(2).tolist()
        assert holm(p_values) == pytest.approx(multitest.multipletests(p_values, method="holm")[1].tolist(), abs=1e-12)


def test_holm_by_hand() -> None:
    """Three tests: the smallest counts three times, the next twice, and none falls below one before it."""
    assert holm([0.04, 0.01, 0.03]) == pytest.approx([0.06, 0.03, 0.06])
    assert holm([]) == []


@pytest.mark.soak
def test_without_shared_images_it_is_that_of_statsmodels() -> None:
    tables = pytest.importorskip("statsmodels.stats.contingency_tables", reason=REASON)
    random = np.random.default_rng(0)
    first, second = random.random(300) < 0.6, random.random(300) < 0.5
    table = [[(first & second).sum(), (first & ~second).sum()], [(~first & second).sum(), (~first & ~second).sum()]]
    expected = tables.mcnemar(table, exact=False, correction=False).pvalue
    assert clustered_p_value(first, second, np.arange(300)) == pytest.approx(expected, rel=1e-9)


def test_without_shared_images_it_is_mcnemars_chi_squared() -> None:
    first, second = [True] * 60 + [False] * 40 + [True] * 20, [False] * 60 + [True] * 40 + [True] * 20
    assert clustered_p_value(first, second, range(120)) == pytest.approx(chi2.sf((60 - 40) ** 2 / 100, 1))


def test_copies_of_a_question_say_nothing_new() -> None:
    random = np.random.default_rng(1)
    first, second, images = random.random(80) < 0.6, random.random(80) < 0.4, np.arange(80)
    copied = [np.repeat(one, 5) for one in (first, second, images)]
    assert clustered_p_value(*copied) == pytest.approx(clustered_p_value(first, second, images), rel=1e-9)
    once, again = power(first, second, images), power(*copied)
    assert (again.effective_questions, again.power, again.smallest) == pytest.approx(
        (once.effective_questions, once.power, once.smallest)
    )
    assert once.effective_questions == pytest.approx(80)


def test_groups_weigh_the_same() -> None:
    """Half of the difference is made by ten rare questions: alone it would not be seen."""
    first = [True] * 10 + [False, True] * 100
    second = [False] * 10 + [True, False] * 100
    groups, images = ["rare"] * 10 + ["common"] * 200, range(210)
    assert clustered_p_value(first, second, images, groups) < 0.005 < clustered_p_value(first, second, images)
    assert power(first, second, images, groups).effective_questions < 50


def test_answers_that_are_all_alike_show_no_difference() -> None:
    same = [True, False, True]
    assert clustered_p_value(same, same, [0, 1, 2]) == 1
    found = power(same, same, [0, 1, 2])
    assert (found.power, found.smallest) == (0, None)
    with pytest.raises(ValueError, match="differ in number"):
        clustered_p_value(same, same[:2], [0, 1, 2])


@pytest.mark.soak
@pytest.mark.parametrize("difference", [0.0, 0.05, 0.1, -0.15])
def test_power_is_that_of_statsmodels(difference: float) -> None:
    """A normal test whose deviation differs under no difference and under this one."""
    statistics = pytest.importorskip("statsmodels.stats.power", reason=REASON)
    expected = statistics.normal_power_het(
        difference, 250, 0.05, std_null=0.3**0.5, std_alternative=(0.3 - difference**2) ** 0.5
    )
    assert mcnemar_power(250, 0.3, difference) == pytest.approx(expected, abs=1e-9)


@given(st.floats(20, 1e5), st.floats(0.01, 1))
def test_the_smallest_difference_is_found_with_a_power_of_80_per_cent(questions: float, discordant: float) -> None:
    """Connor's sample size at that difference is the number of questions asked."""
    difference = smallest_difference(questions, discordant)
    if difference is None:
        assert mcnemar_power(questions, discordant, discordant) < 0.8 + 1e-6
        return
    needed = norm.ppf(0.975) * discordant**0.5 + norm.ppf(0.8) * (discordant - difference**2) ** 0.5
    assert (needed / difference) ** 2 == pytest.approx(questions, rel=1e-6)
    assert mcnemar_power(questions, discordant, difference) == pytest.approx(0.8, abs=1e-4)


def test_power_by_simulation() -> None:
    """Of 4,000 draws of 200 questions, as many tests find the difference as the formula says."""
    random = np.random.default_rng(2)
    splits = random.multinomial(200, [0.22, 0.10, 0.68], size=4000)
    one, other = splits[:, 0], splits[:, 1]
    found = (one - other) ** 2 > norm.ppf(0.975) ** 2 * (one + other)
    assert found.mean() == pytest.approx(mcnemar_power(200, 0.32, 0.12), abs=0.02)
