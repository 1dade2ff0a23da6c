"""Several groups compared with one another at once: which may be the best, and which ranks are open.

The difference of every two groups is compared with one critical value, so that all of these statements hold together
with 95 %: Tukey's range of studentised differences, for means that share their questions. What the questions share is
known by the influences of images; the seeds have one variance, estimated over all groups from what is left of the runs
once groups and, where every group has the same seeds, seeds are taken out. A group belongs to the best unless another
is shown to be better (Hsu 1981, multiple comparisons with the best); its rank lies between the number shown to be
better and the number shown to be worse (Mogstad, Romano, Shaikh and Wilhelm 2024, Inference for ranks).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from inkling.components.shared.statistics.quantiles import CONFIDENCE

Floats = NDArray[np.float64]
DRAWS = 2000
"""Draws by which a critical value is found: that of 95 % is then known to half a per cent of coverage."""
_ORDERS = 400


@dataclass(frozen=True)
class GroupMeans:
    """Means of several groups on the same questions.

    Attributes:
        values: The means, (groups,).
        errors: Draws of their errors, (draws, groups).
        margins: How much each group is at least better than each other, (groups, groups): with 95 % all of these hold
            together. Below 0 where it is not shown to be better.
        freedom: Degrees of freedom of the seeds' variance; 0 where no group has two seeds, whose variance then counts
            as none: the statements are about these runs.
    """

    values: Floats
    errors: Floats
    margins: Floats
    freedom: int

    def best(self) -> list[int]:
        """The groups that may be the best: those than which none is shown to be better."""
        return [int(index) for index in np.flatnonzero(~(self.margins > 0).any(axis=0))]

    def ranks(self) -> list[tuple[int, int]]:
        """First and last rank that each group may have; 1 is the best."""
        shown = self.margins > 0
        above, below = shown.sum(axis=0), shown.sum(axis=1)
        return [(int(1 + up), int(len(self.values) - down)) for up, down in zip(above, below, strict=True)]

    def order_agreement(self) -> tuple[float, float, float]:
        """Kendall's tau of the measured order with that of drawn seeds and questions: mean, and its 95 % range."""
        drawn = (self.values + self.errors)[:: max(1, len(self.errors) // _ORDERS)]
        agreeing = np.zeros(len(drawn))
        for index in range(1, len(self.values)):
            own = np.sign(self.values[index] - self.values[:index])
            agreeing += (own * np.sign(drawn[:, index : index + 1] - drawn[:, :index])).sum(axis=1)
        taus = agreeing / (len(self.values) * (len(self.values) - 1) / 2)
        low, high = np.quantile(taus, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
        return float(taus.mean()), float(low), float(high)


def compare_groups(
    values: Sequence[Floats], influences: Sequence[Floats], crossed: bool, random: np.random.Generator
) -> GroupMeans:
    """Compares groups.

    Args:
        values: The mean of each run of each group, (seeds,) each.
        influences: What each image adds to the error of each run, (seeds, images) each.
        crossed: Whether every group has the same seeds, in the same order.
        random: By what errors are drawn.

    Raises:
        ValueError: If there are fewer than two groups.
    """
    if len(values) < 2:
        raise ValueError("a group alone has none to be compared with")
    counts = np.array([len(one) for one in values], np.float64)
    means = np.array([one.mean() for one in values])
    variance, freedom = seed_variance(values, crossed)
    seeds = variance / counts
    images = _image_covariance(influences)
    draws = random.standard_normal((DRAWS, len(values)))
    errors = np.einsum("dg,hg->dh", draws, _root(images + np.diag(seeds)))
    scales = random.chisquare(freedom, DRAWS) / freedom if freedom else np.ones(DRAWS)
    apart = np.diag(images)[:, None] + np.diag(images)[None, :] - 2 * images
    apart = np.maximum(apart, 0.0)
    largest = np.zeros(DRAWS)
    for one in range(len(values)):
        for other in range(one):
            spread = np.sqrt(apart[one, other] + scales * (seeds[one] + seeds[other]))
            found = np.abs(errors[:, one] - errors[:, other]) / np.maximum(spread, 1e-300)
            np.maximum(largest, found, out=largest)
    critical = float(np.quantile(largest, CONFIDENCE))
    spreads = np.sqrt(apart + seeds[:, None] + seeds[None, :])
    margins = means[:, None] - means[None, :] - critical * spreads
    np.fill_diagonal(margins, -np.inf)
    return GroupMeans(means, errors / np.sqrt(scales)[:, None] if freedom else errors, margins, freedom)


def seed_variance(values: Sequence[Floats], crossed: bool) -> tuple[float, int]:
    """Variance of a run about the mean of its group, and its degrees of freedom; 0 of each where no group has two.

    Args:
        values: The mean of each run of each group, (seeds,) each.
        crossed: Whether every group has the same seeds, in the same order; what they share is then taken out.
    """
    left = [one - one.mean() for one in values]
    if crossed and len(values[0]) > 1:
        table = np.array(left)  # (groups, seeds)
        table -= table.mean(axis=0)
        freedom = (len(table) - 1) * (table.shape[1] - 1)
        return float((table**2).sum()) / freedom, freedom
    freedom = sum(len(one) - 1 for one in values)
    return (sum(float((one**2).sum()) for one in left) / freedom, freedom) if freedom else (0.0, 0)


def _image_covariance(influences: Sequence[Floats]) -> Floats:
    """Covariance of the groups' means by the images alone: what seeds and images share belongs to the seeds."""
    shared = np.array([one.mean(axis=0) for one in influences])  # (groups, images)
    found: Floats = np.einsum("gi,hi->gh", shared, shared)
    for index, one in enumerate(influences):
        if len(one) > 1:
            found[index, index] -= float(((one - shared[index]) ** 2).sum()) / (len(one) * (len(one) - 1))
    return found


def _root(covariance: Floats) -> Floats:
    """A matrix whose product with its transpose is the covariance, or the nearest that is one."""
    sizes, axes = np.linalg.eigh(covariance)
    found: Floats = axes * np.sqrt(np.maximum(sizes, 0.0))
    return found
