"""Estimates with 95 % intervals for questions that share images, and tests of paired answers.

Questions about the same image are not independent, so errors are clustered by image: the residuals of an image's
questions are summed before they are squared (the linearised or "sandwich" variance, with the factor G / (G - 1) for G
images; Liang and Zeger 1986; for evaluations Miller 2024, "Adding Error Bars to Evals"). Intervals are normal ones.
Two refinements keep them honest where answers are few or all alike: the share of right answers of one group takes
Wilson's score interval at its effective sample size (Wilson 1927; Dean and Pagano 2015), and every mean carries the
variance of Agresti and Min's (2005) two pseudo-observations, so that no interval has width zero. One image says nothing
of others: an estimate over it alone has no interval.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inkling.components.shared.statistics.quantiles import Z_95

Values = Sequence[float] | Sequence[bool] | NDArray[Any]
Labels = Sequence[str] | Sequence[int] | NDArray[Any]


@dataclass(frozen=True)
class Estimate:
    """A value with its 95 % interval.

    Attributes:
        value: The point estimate, a share (or a difference of shares) from 0 to 1.
        low: Lower end of the interval; None where all questions are about one image.
        high: Upper end of the interval; None likewise.
        questions: Answers that entered.
        images: Clusters they fall into.
    """

    value: float
    low: float | None
    high: float | None
    questions: int
    images: int


@dataclass(frozen=True)
class McNemar:
    """McNemar's exact test of two sets of answers to the same questions.

    Attributes:
        only_first: Questions that only the first answered rightly.
        only_second: Questions that only the second answered rightly.
        p_value: Two-sided probability of a split at least as uneven if both were equally good.
    """

    only_first: int
    only_second: int
    p_value: float


def accuracy(correct: Values, images: Labels) -> Estimate:
    """Share of right answers, with Wilson's interval at the effective sample size of the clustered questions.

    Args:
        correct: One truth value a question.
        images: The image of each question.

    Raises:
        ValueError: If there is no answer or the lengths differ.
    """
    values, clusters = _prepare(correct, images)
    count = int(clusters.max()) + 1
    value = float(values.mean())
    if count == 1:
        return Estimate(value, None, None, len(values), 1)
    independent = value * (1 - value) / len(values)
    clustered = _sandwich((values - value) / len(values), clusters)
    effective = count if independent == 0 else len(values) / max(clustered / independent, 1.0)
    low, high = wilson(value * effective, effective)
    return Estimate(value, low, high, len(values), count)


def clustered_mean(values: Values, images: Labels, groups: Labels | None = None, lowest: float = 0.0) -> Estimate:
    """Mean of the groups' means, every group with the same weight, with an interval clustered by image.

    An image may have questions in several groups; what its questions share is then counted across groups.

    Args:
        values: One number from `lowest` to 1 a question: right or wrong, or a difference of two such.
        images: The image of each question.
        groups: The group (such as the question family) of each question; one group where None.
        lowest: Smallest possible value; the interval is cut there and at 1.

    Raises:
        ValueError: If there is no answer or the lengths differ.
    """
    value, variance, numbers, count = _grouped_mean(values, images, groups)
    if count == 1:
        return Estimate(value, None, None, numbers, 1)
    half = Z_95 * math.sqrt(variance)
    return Estimate(value, max(value - half, lowest), min(value + half, 1.0), numbers, count)


def _grouped_mean(values: Values, images: Labels, groups: Labels | None) -> tuple[float, float, int, int]:
    """Mean of the groups' means, its variance clustered by image, and the numbers of answers and of images."""
    numbers, clusters = _prepare(values, images)
    members = np.zeros(len(numbers), dtype=np.int64) if groups is None else _codes(groups, len(numbers))
    sizes = np.bincount(members)
    means = np.bincount(members, weights=numbers) / sizes
    value = float(means.mean())
    count = int(clusters.max()) + 1
    variance = _sandwich((numbers - means[members]) / (len(sizes) * sizes[members]), clusters)
    seen = (len(np.unique(clusters[members == group])) for group in range(len(sizes)))
    variance += sum(1 / (number + 2) ** 2 for number in seen) / len(sizes) ** 2
    return value, variance, len(numbers), count


def paired_difference(first: Values, second: Values, images: Labels, groups: Labels | None = None) -> Estimate:
    """Mean of `first - second` over the same questions (over groups with equal weight where `groups` is given).

    Args:
        first: Whether each question was answered rightly in one view or by one model.
        second: The same in the other.
        images: The image of each question.
        groups: The group of each question.

    Raises:
        ValueError: If there is no answer or the lengths differ.
    """
    one, other = np.asarray(first, dtype=np.float64), np.asarray(second, dtype=np.float64)
    if one.shape != other.shape:
        raise ValueError(f"paired answers differ in number: {len(one)} and {len(other)}")
    return clustered_mean(one - other, images, groups, lowest=-1.0)


def wilson(successes: float, total: float) -> tuple[float, float]:
    """Wilson's 95 % score interval of a share of independent trials; `total` may be an effective, broken number.

    Raises:
        ValueError: If `total` is not positive or `successes` is not between 0 and it.
    """
    if total <= 0 or not -1e-9 <= successes <= total + 1e-9:
        raise ValueError(f"{successes} successes of {total} trials make no share")
    share = min(max(successes / total, 0.0), 1.0)
    spread = Z_95**2 / total
    centre = (share + spread / 2) / (1 + spread)
    half = Z_95 / (1 + spread) * math.sqrt(share * (1 - share) / total + spread / (4 * total))
    low, high = max(centre - half, 0.0), min(centre + half, 1.0)
    return (0.0 if share == 0 else low), (1.0 if share == 1 else high)


def mcnemar(first: Values, second: Values) -> McNemar:
    """McNemar's exact test; it takes the questions for independent, so read it beside the clustered interval.

    Raises:
        ValueError: If the lengths differ.
    """
    one, other = np.asarray(first, dtype=bool), np.asarray(second, dtype=bool)
    if one.shape != other.shape:
        raise ValueError(f"paired answers differ in number: {len(one)} and {len(other)}")
    only_first, only_second = int((one & ~other).sum()), int((other & ~one).sum())
    discordant = only_first + only_second
    tail = sum(math.comb(discordant, hits) for hits in range(min(only_first, only_second) + 1))
    return McNemar(only_first, only_second, min(1.0, 2 * tail / 2**discordant))


def difference_of_shares(first: int, first_total: int, second: int, second_total: int) -> tuple[float, float] | None:
    """95 % interval of the difference of two independent shares, second minus first; None where a sample is empty.

    Source: Newcombe 1998, Interval estimation for the difference between independent proportions, method 10.

    Args:
        first: Hits of the first sample.
        first_total: Its size.
        second: Hits of the second sample.
        second_total: Its size.
    """
    if not first_total or not second_total:
        return None
    one, other = first / first_total, second / second_total
    (low, high), (other_low, other_high) = wilson(first, first_total), wilson(second, second_total)
    difference = other - one
    return (
        difference - math.hypot(other - other_low, high - one),
        difference + math.hypot(other_high - other, one - low),
    )


def standard_error(values: Values, images: Labels, groups: Labels | None = None) -> float | None:
    """Standard error of the mean of the groups' means, by which `clustered_mean` has its interval.

    Args:
        values: One number a question.
        images: The image of each question.
        groups: The group of each question; one group where None.

    Returns:
        The error; None where all questions are about one image.

    Raises:
        ValueError: If there is no answer or the lengths differ.
    """
    _, variance, _, count = _grouped_mean(values, images, groups)
    return math.sqrt(variance) if count > 1 else None


def grouped_weights(
    values: Values, images: Labels, groups: Labels | None
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Weight of each question in the mean of the groups' means, and the number of its image, from 0.

    Raises:
        ValueError: If there is no answer or the lengths differ.
    """
    numbers, clusters = _prepare(values, images)
    members = np.zeros(len(numbers), dtype=np.int64) if groups is None else _codes(groups, len(numbers))
    sizes = np.bincount(members)
    return 1 / (len(sizes) * sizes[members]), clusters


def _prepare(values: Values, images: Labels) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    numbers = np.asarray(values, dtype=np.float64)
    if numbers.size == 0:
        raise ValueError("no answers to estimate from")
    return numbers, _codes(images, len(numbers))


def _codes(labels: Labels, length: int) -> NDArray[np.int64]:
    """Labels as whole numbers from 0, in sorted order."""
    codes = np.unique(np.asarray(labels), return_inverse=True)[1].astype(np.int64)
    if len(codes) != length:
        raise ValueError(f"{length} answers but {len(codes)} labels")
    return codes


def _sandwich(residuals: NDArray[np.float64], clusters: NDArray[np.int64]) -> float:
    """Variance of a sum of weighted residuals that share clusters; 0 where there is one cluster only."""
    sums = np.bincount(clusters, weights=residuals)
    count = len(sums)
    return float((sums**2).sum()) * count / (count - 1) if count > 1 else 0.0
