"""Means over seeds that were all asked the same questions: seeds and questions as crossed random effects.

Of a score two things are drawn by chance: the seeds of the runs and the images that its questions are about. The
variance of the mean is estimated in both parts. That of the seeds' means holds the interaction of seeds and images, so
the interaction is taken out of the part of the images: the two add up to the variance of the two-way random model
(Cornfield and Tukey 1956). An interval adds the squared half-widths that each part would give alone, Student's for
seeds, the normal one for images (the variance estimates recovery of Zou and Donner 2008); a p-value is the level at
which it reaches 0.

Two or three seeds say little of their own variance. `moderated` shrinks the variances of the groups of a study towards
each other as far as they agree, and adds the degrees of freedom that this is worth, at most those of all seeds together
(Smyth 2004, Linear models and empirical Bayes methods, section 6.2 and its cap). A group whose seeds differ far more
than those of the others is then covered less often than is said.
"""

import dataclasses
import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from inkling.components.shared.statistics.quantiles import CONFIDENCE

Floats = NDArray[np.float64]
_SMALLEST = 1e-5
"""Part of the median variance that a smaller one counts as, so that its logarithm is finite."""
_LEAST_LEVEL = 1e-12
"""P-values are no smaller: so far out no quantile is to be trusted."""


class QuestionSample:
    """Questions of a mean: what each weighs, and which image it is about."""

    def __init__(self, images: Sequence[str], groups: Sequence[str] | None = None) -> None:
        """Weighs the questions.

        Args:
            images: The image of each question.
            groups: The group of each, such as its family; every group weighs the same. One group where None.

        Raises:
            ValueError: If there is no question.
        """
        if not len(images):
            raise ValueError("no questions to estimate from")
        codes = np.unique(np.asarray(images), return_inverse=True)[1]
        self._members = np.zeros(len(codes), np.int64) if groups is None else _codes(groups)
        sizes = np.bincount(self._members)
        self._weights = 1 / (len(sizes) * sizes[self._members])  # (questions,)
        self._order = np.argsort(codes, kind="stable")
        self._starts = np.flatnonzero(np.diff(codes[self._order], prepend=-1))
        self.questions, self.images = len(codes), len(self._starts)
        seen = [len(np.unique(codes[self._members == group])) for group in range(len(sizes))]
        self.least = sum(1 / (number + 2) ** 2 for number in seen) / len(sizes) ** 2
        """Variance of Agresti and Min's (2005) two pseudo-observations, so that no interval has width zero."""

    def means(self, values: Floats) -> Floats:
        """The mean of each run, (runs,), from values (runs, questions)."""
        groups = range(int(self._members.max()) + 1)
        found: Floats = np.mean([values[:, self._members == group].mean(axis=1) for group in groups], axis=0)
        return found

    def influences(self, values: Floats) -> Floats:
        """What each image adds to the error of each run's mean, (runs, images); the squares sum to the variance.

        Args:
            values: A number a run and question, (runs, questions).
        """
        centred = np.empty_like(values)
        for group in range(int(self._members.max()) + 1):
            inside = self._members == group
            centred[:, inside] = values[:, inside] - values[:, inside].mean(axis=1, keepdims=True)
        summed: Floats = np.add.reduceat((centred * self._weights)[:, self._order], self._starts, axis=1)
        return summed * math.sqrt(self.images / max(self.images - 1, 1))


@dataclass(frozen=True)
class CrossedMean:
    """A mean over seeds and clusters, with the variance that comes of each.

    Attributes:
        value: The mean.
        seeds: Seeds that it is over.
        seed_variance: Its variance by the seeds, their interaction with the clusters included; 0 of one seed.
        freedom: Degrees of freedom of that variance; 0 of one seed.
        cluster_variance: Its variance by the clusters alone: images of questions, or documents.
    """

    value: float
    seeds: int
    seed_variance: float
    freedom: float
    cluster_variance: float

    @classmethod
    def over(cls, values: Floats, influences: Floats, least: float = 0.0) -> "CrossedMean":
        """The mean of runs that differ in their seed, on the same clusters.

        Args:
            values: The mean of each run, (seeds,).
            influences: What each cluster adds to the error of each, (seeds, clusters).
            least: Variance that the clusters have at least.
        """
        seeds = len(values)
        shared = influences.mean(axis=0)
        clusters = float((shared**2).sum())
        if seeds == 1:
            return cls(float(values[0]), 1, 0.0, 0.0, clusters + least)
        interaction = float(((influences - shared) ** 2).sum()) / (seeds * (seeds - 1))
        variance = float(np.var(values, ddof=1)) / seeds
        return cls(float(values.mean()), seeds, variance, seeds - 1.0, max(clusters - interaction, 0.0) + least)

    @cached_property
    def half_width(self) -> float:
        """Half the width of the 95 % interval; of one seed it is over questions only."""
        return self._half_width(1 - CONFIDENCE)

    @cached_property
    def p_value(self) -> float:
        """Two-sided p-value of a mean of 0: the level at which the interval reaches it."""
        from scipy.optimize import brentq

        if self.value == 0:
            return 1.0
        if self.seed_variance + self.cluster_variance == 0:
            return 0.0
        lowest = math.log(_LEAST_LEVEL)
        if self._half_width(_LEAST_LEVEL) < abs(self.value):
            return _LEAST_LEVEL
        return math.exp(float(brentq(lambda level: self._half_width(math.exp(level)) - abs(self.value), lowest, 0.0)))

    def _half_width(self, level: float) -> float:
        """Half the width of the interval that misses the truth with the probability `level`."""
        from scipy.special import ndtri, stdtrit

        student = float(stdtrit(self.freedom, level / 2)) if self.freedom else 0.0
        return math.hypot(student * math.sqrt(self.seed_variance), ndtri(level / 2) * math.sqrt(self.cluster_variance))


def moderated(means: Sequence[CrossedMean]) -> list[CrossedMean]:
    """The same means with the variances of their seeds shrunk towards each other; those of one seed as they are."""
    several = [index for index, one in enumerate(means) if one.freedom > 0]
    found = list(means)
    if len(several) < 2:
        return found
    counts = np.array([means[index].seeds for index in several], np.float64)
    freedoms = np.array([means[index].freedom for index in several])
    variances = np.array([means[index].seed_variance for index in several]) * counts
    prior, centre = _prior(variances, freedoms)
    whole = float(freedoms.sum())
    if math.isinf(prior):
        shrunk = np.full(len(several), float((freedoms * variances).sum()) / whole)
    else:
        shrunk = (prior * centre + freedoms * variances) / (prior + freedoms)
    for index, variance, count, freedom in zip(several, shrunk, counts, freedoms, strict=True):
        found[index] = dataclasses.replace(
            means[index], seed_variance=float(variance / count), freedom=float(min(freedom + prior, whole))
        )
    return found


def _prior(variances: Floats, freedoms: Floats) -> tuple[float, float]:
    """Degrees of freedom that the agreement of variances is worth, infinite where they differ by chance alone; centre.

    Smyth's (2004) moments of the logarithms of variances that are scaled F.
    """
    from scipy.special import digamma, polygamma

    middle = float(np.median(variances))
    if middle <= 0:
        return 0.0, 0.0
    logs = np.log(np.maximum(variances, _SMALLEST * middle)) - digamma(freedoms / 2) + np.log(freedoms / 2)
    excess = float(np.var(logs, ddof=1) - polygamma(1, freedoms / 2).mean())
    if excess <= 0:
        return math.inf, middle
    prior = 2 * _trigamma_inverse(excess)
    return prior, float(np.exp(logs.mean() + digamma(prior / 2) - math.log(prior / 2)))


def _trigamma_inverse(value: float) -> float:
    """Where the trigamma function has a value, by Newton's method (Smyth 2004, appendix)."""
    from scipy.special import polygamma

    place = 0.5 + 1 / value
    for _ in range(50):
        height = float(polygamma(1, place))
        step = height * (1 - height / value) / float(polygamma(2, place))
        place += step
        if -step / place < 1e-8:
            break
    return place


def _codes(labels: Sequence[str]) -> NDArray[np.int64]:
    return np.unique(np.asarray(labels), return_inverse=True)[1].astype(np.int64)
