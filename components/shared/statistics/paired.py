"""Two sets of answers to the same questions: a test that minds shared images, its correction, and what it could show.

McNemar's test takes questions for independent. The test here sums the differences of an image's questions before it
squares them (Obuchowski 1998, "On the comparison of correlated proportions for clustered data", with the variance under
no difference; it is McNemar's chi-squared without correction where every image has one question).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from inkling.components.shared.statistics.intervals import Labels, Values, grouped_weights
from inkling.components.shared.statistics.quantiles import Z_95

POWER = 0.8
_Z_POWER = 0.8416212335729143
"""The 80 % quantile of the standard normal distribution."""


@dataclass(frozen=True)
class Power:
    """What paired answers to so many questions can show, by a two-sided test at 5 %.

    Attributes:
        effective_questions: The number of independent questions that say as much as these, which share images.
        power: Probability that such a test finds a difference, were the observed one the true one. It is a function
            of the p-value and adds nothing to it (Hoenig and Heisey 2001); read `smallest` instead.
        smallest: Smallest difference, from 0 to 1, that is found with a probability of 80 % if as many questions are
            answered differently as were; None where no difference would be, for too few are.
    """

    effective_questions: float
    power: float
    smallest: float | None


def clustered_p_value(first: Values, second: Values, images: Labels, groups: Labels | None = None) -> float:
    """Two-sided p-value of no difference between paired answers, clustered by image (normal approximation).

    Args:
        first: Whether each question was answered rightly in one view or by one model, or a score from 0 to 1.
        second: The same in the other.
        images: The image of each question.
        groups: The group of each question; every group has the same weight. One group where None.

    Returns:
        The p-value; 1 where all questions were answered alike.

    Raises:
        ValueError: If there is no answer or the lengths differ.
    """
    differences = _differences(first, second)
    weights, clusters = grouped_weights(differences, images, groups)
    sums = np.bincount(clusters, weights=differences * weights)  # (images,)
    squares = float((sums**2).sum())
    return math.erfc(abs(float(sums.sum())) / math.sqrt(2 * squares)) if squares > 0 else 1.0


def power(first: Values, second: Values, images: Labels, groups: Labels | None = None) -> Power:
    """The power of paired answers at their observed difference, and the smallest difference that they would show.

    Assumes that the share of questions answered differently is the observed one, and that images share as much as they
    do here: the questions count as the number of independent ones with the same variance of the difference (the design
    effect of Kish 1965).

    Args:
        first: Whether each question was answered rightly in one view or by one model, or a score from 0 to 1.
        second: The same in the other.
        images: The image of each question.
        groups: The group of each question; every group has the same weight. One group where None.

    Raises:
        ValueError: If there is no answer or the lengths differ.
    """
    differences = _differences(first, second)
    weights, clusters = grouped_weights(differences, images, groups)
    discordant, difference = float(weights @ differences**2), float(weights @ differences)
    centred = weights * (differences - difference)
    independent = float((centred**2).sum())
    together = float((np.bincount(clusters, weights=centred) ** 2).sum())
    kish = 1 / float((weights**2).sum())
    effective = kish / max(together / independent, 1.0) if independent > 1e-15 else float(clusters.max()) + 1
    return Power(
        effective, mcnemar_power(effective, discordant, difference), smallest_difference(effective, discordant)
    )


def mcnemar_power(questions: float, discordant: float, difference: float) -> float:
    """Probability that a two-sided McNemar's test at 5 % finds a difference.

    Source: Connor 1987 (Biometrics 43), Sample size for testing differences in proportions for the paired-sample
    design, solved for power, with both tails.

    Args:
        questions: Independent questions asked; may be broken.
        discordant: Share of them that is answered rightly once and wrongly once, from 0 to 1.
        difference: Difference of the shares answered rightly, at most `discordant` in size.

    Returns:
        The power; 0.05 where there is no difference, 0 where no question is answered differently.
    """
    if discordant <= 0:
        return 0.0
    shift, edge = abs(difference) * math.sqrt(questions), Z_95 * math.sqrt(discordant)
    spread = math.sqrt(max(discordant - difference**2, 0.0))
    if spread == 0:
        return 1.0 if shift > edge else 0.0
    return _normal((shift - edge) / spread) + _normal((-shift - edge) / spread)


def smallest_difference(questions: float, discordant: float) -> float | None:
    """Smallest difference that McNemar's test at 5 % finds with a power of 80 %.

    Source: Connor 1987, solved for the difference (one tail).

    Args:
        questions: Independent questions asked; may be broken.
        discordant: Share of them that is answered rightly once and wrongly once, from 0 to 1.

    Returns:
        The difference, at most `discordant`; None where even that would not be found.
    """
    within = questions + _Z_POWER**2 - Z_95**2
    if discordant <= 0 or within < 0:
        return None
    steps = Z_95 * math.sqrt(questions) + _Z_POWER * math.sqrt(within)
    difference = math.sqrt(discordant) * steps / (questions + _Z_POWER**2)
    return difference if difference <= discordant else None


def holm(p_values: Sequence[float]) -> list[float]:
    """P-values adjusted for their number: the chance that any of them errs stays below what each is compared with.

    Source: Holm 1979 (Scandinavian Journal of Statistics 6), A simple sequentially rejective multiple test procedure.

    Args:
        p_values: One a test of the same family.

    Returns:
        The adjusted ones, in the order given.
    """
    order = sorted(range(len(p_values)), key=lambda index: p_values[index])
    adjusted, largest = [1.0] * len(p_values), 0.0
    for rank, index in enumerate(order):
        largest = max(largest, min(1.0, (len(p_values) - rank) * p_values[index]))
        adjusted[index] = largest
    return adjusted


def _differences(first: Values, second: Values) -> np.ndarray:
    one, other = np.asarray(first, dtype=np.float64), np.asarray(second, dtype=np.float64)
    if one.shape != other.shape:
        raise ValueError(f"paired answers differ in number: {len(one)} and {len(other)}")
    return one - other


def _normal(quantile: float) -> float:
    return 0.5 * math.erfc(-quantile / math.sqrt(2))
