"""Statistics against closed forms, scipy, and simulated coverage."""

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from inkling.components.shared.statistics.intervals import (
    accuracy,
    clustered_mean,
    difference_of_shares,
    mcnemar,
    paired_difference,
    wilson,
)

Z = 1.959963984540054
answers = st.lists(
    st.tuples(st.booleans(), st.booleans(), st.integers(0, 9), st.sampled_from("abc")), min_size=1, max_size=60
)


@given(st.integers(1, 400).flatmap(lambda total: st.tuples(st.integers(0, total), st.just(total))))
def test_wilson_ends_where_the_score_test_does(case: tuple[int, int]) -> None:
    """At both ends the observed share lies 1.96 standard errors away, the errors being those of the end's own share."""
    hits, total = case
    for end in wilson(hits, total):
        assert (hits / total - end) ** 2 == pytest.approx(Z**2 * end * (1 - end) / total, abs=1e-12)


def test_wilson_against_published_values() -> None:
    """Newcombe 1998 (Statistics in Medicine 17), table I, method 3: 81 of 263, 15 of 148, 0 of 20, 1 of 29."""
    for hits, total, low, high in (
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ):
        assert wilson(hits, total) == pytest.approx((low, high), abs=5e-5)


@given(st.integers(0, 40), st.integers(0, 40), st.integers(0, 20))
def test_mcnemar_is_the_exact_binomial_test(only_first: int, only_second: int, both: int) -> None:
    """Its p is the probability of all splits of the discordant pairs that are at most as likely as the one found."""
    first = [True] * only_first + [False] * only_second + [True] * both
    second = [False] * only_first + [True] * only_second + [True] * both
    result = mcnemar(first, second)
    discordant = only_first + only_second
    ways = [math.comb(discordant, split) for split in range(discordant + 1)]
    expected = Fraction(sum(way for way in ways if way <= ways[only_first]), 2**discordant)
    assert (result.only_first, result.only_second) == (only_first, only_second)
    assert result.p_value == pytest.approx(float(expected), rel=1e-12)


def test_one_question_an_image_is_the_unclustered_interval() -> None:
    correct = [True] * 30 + [False] * 50
    assert accuracy(correct, range(80)).low == pytest.approx(wilson(30, 80)[0], abs=2e-3)
    assert accuracy(correct, range(80)).high == pytest.approx(wilson(30, 80)[1], abs=2e-3)


def test_repeating_each_question_adds_no_information() -> None:
    """Four copies of a question on the same image are one observation."""
    correct, images = np.array([True] * 30 + [False] * 50), np.arange(80)
    single = accuracy(correct, images)
    repeated = accuracy(np.repeat(correct, 4), np.repeat(images, 4))
    assert (repeated.low, repeated.high) == pytest.approx((single.low, single.high), abs=1e-9)
    assert (repeated.questions, repeated.images) == (320, 80)


def test_cluster_variance_in_closed_form() -> None:
    values, images = [1.0, 1.0, 0.0, 0.0, 1.0, 0.0], ["a", "a", "b", "b", "c", "c"]
    # Image sums of the residuals (values - 1/2) / 6: 1/6, -1/6, 0. G / (G - 1) = 3 / 2. Pseudo-pairs: 1 / (3 + 2)^2.
    half = Z * (2 / 36 * 3 / 2 + 1 / 25) ** 0.5
    estimate = clustered_mean(values, images)
    assert (estimate.value, estimate.low) == pytest.approx((0.5, max(0.5 - half, 0)), abs=1e-12)


def test_families_weigh_the_same_whatever_their_size() -> None:
    values = [True] * 10 + [False] * 90 + [True] * 10
    families = ["common"] * 100 + ["rare"] * 10
    assert clustered_mean(values, range(110), families).value == pytest.approx((0.1 + 1.0) / 2)


@given(answers)
def test_intervals_hold_the_value_and_stay_in_range(rows: list[tuple[bool, bool, int, str]]) -> None:
    first, second, images, families = zip(*rows, strict=True)
    for estimate, lowest in (
        (accuracy(first, images), 0),
        (clustered_mean(first, images, families), 0),
        (paired_difference(first, second, images, families), -1),
    ):
        assert lowest <= estimate.value <= 1
        if len(set(images)) > 1:
            assert lowest <= estimate.low <= estimate.value <= estimate.high <= 1
            assert estimate.low < estimate.high


@given(answers)
def test_a_difference_turns_its_sign_with_its_arguments(rows: list[tuple[bool, bool, int, str]]) -> None:
    first, second, images, families = zip(*rows, strict=True)
    one = paired_difference(first, second, images, families)
    other = paired_difference(second, first, images, families)
    assert other.value == pytest.approx(-one.value, abs=1e-12)
    if len(set(images)) > 1:
        assert (other.low, other.high) == pytest.approx((-one.high, -one.low), abs=1e-12)


@given(answers, st.randoms(use_true_random=False))
def test_order_of_the_questions_does_not_matter(rows: list[tuple[bool, bool, int, str]], random: object) -> None:
    shuffled = rows.copy()
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    results = []
    for order in (rows, shuffled):
        first, second, images, families = zip(*order, strict=True)
        estimate = paired_difference(first, second, images, families)
        results.append((estimate.value, estimate.low, estimate.high))
    assert results[0] == pytest.approx(results[1], abs=1e-12)


def test_no_certainty_from_answers_that_agree() -> None:
    same = [True, False] * 50
    estimate = paired_difference(same, same, range(100))
    assert estimate.low < 0 < estimate.high
    perfect = accuracy([True] * 100, range(100))
    assert perfect.low < 0.97
    assert perfect.high == 1


def test_one_image_says_nothing() -> None:
    estimate = paired_difference([True, True], [False, False], ["a", "a"])
    assert (estimate.value, estimate.low, estimate.high) == (1, None, None)


@pytest.mark.parametrize(("images", "share"), [(60, 0.3), (200, 0.6)])
def test_coverage_of_simulated_clusters(images: int, share: float) -> None:
    """Intervals of 95 % hold the truth in about 95 % of simulated question sets whose images differ in difficulty."""
    random = np.random.default_rng(7)
    held = {"accuracy": 0, "families": 0, "difference": 0, "ignoring images": 0}
    rounds, per_image = 600, 6
    labels = np.repeat(np.arange(images), per_image)
    families = np.tile(np.array(["a", "a", "a", "b", "b", "c"]), images)
    for _ in range(rounds):
        easy = np.repeat(random.beta(share * 1.5, (1 - share) * 1.5, images), per_image)
        first, second = random.random(len(labels)) < easy, random.random(len(labels)) < easy
        for name, estimate, truth in (
            ("accuracy", accuracy(first, labels), share),
            ("families", clustered_mean(first, labels, families), share),
            ("difference", paired_difference(first, second, labels, families), 0.0),
            ("ignoring images", accuracy(first, np.arange(len(labels))), share),
        ):
            held[name] += estimate.low <= truth <= estimate.high
    covered = {name: count / rounds for name, count in held.items()}
    assert all(0.925 <= covered[name] <= 0.985 for name in ("accuracy", "families", "difference")), covered
    assert covered["ignoring images"] < 0.9, "the simulation must be one where clustering matters"


@pytest.mark.parametrize("call", [lambda: accuracy([], []), lambda: accuracy([True], [1, 2]), lambda: wilson(3, 2)])
def test_nonsense_is_refused(call: object) -> None:
    with pytest.raises(ValueError, match=r"answers|share"):
        call()  # type: ignore[operator]


def test_pairs_must_match() -> None:
    with pytest.raises(ValueError, match="differ in number"):
        paired_difference([True], [True, False], [1, 2])
    with pytest.raises(ValueError, match="differ in number"):
        mcnemar([True], [True, False])


@given(st.integers(0, 50), st.integers(0, 50))
def test_the_interval_holds_the_difference_and_turns_with_it(first: int, second: int) -> None:
    low, high = difference_of_shares(first, 50, second, 50)
    assert -1 <= low <= (second - first) / 50 <= high <= 1
    assert difference_of_shares(second, 50, first, 50) == pytest.approx((-high, -low))


def test_the_interval_is_the_one_printed_by_newcombe() -> None:
    """Table II of Newcombe 1998, method 10: 56/70 against 48/80 gives 0.0524 to 0.3339."""
    assert difference_of_shares(48, 80, 56, 70) == pytest.approx((0.0524, 0.3339), abs=5e-5)
