"""How many seeds would settle a contrast: the power of a difference over crossed seeds and questions.

More seeds shrink the variance that comes of seeds, not that of the questions, which all of them answer: a difference
smaller than the questions can show is settled by no number of seeds. Power is that of the interval of
`statistics.crossed` at the variances that were estimated, so its own error is that of a variance of few seeds.
"""

import math
from dataclasses import dataclass

from inkling.components.shared.statistics.crossed import CrossedMean
from inkling.components.shared.statistics.quantiles import CONFIDENCE

POWER = 0.8
MOST = 200
"""Seeds beyond which nothing is searched."""


@dataclass(frozen=True)
class SeedPower:
    """What seeds can show of a contrast, by a two-sided test at 5 % with a power of 80 %.

    Attributes:
        needed: Seeds that find the difference that was observed, were it the true one; None where no number up to
            `MOST` does. At least two.
        smallest: Smallest difference that as many seeds as there are find.
        limit: Smallest difference that any number of seeds finds on these questions.
    """

    needed: int | None
    smallest: float
    limit: float


def seed_power(mean: CrossedMean) -> SeedPower | None:
    """What seeds can show of a contrast; None of one seed, which says nothing of others."""
    if mean.freedom <= 0:
        return None
    borrowed = mean.freedom - (mean.seeds - 1)
    each = mean.seed_variance * mean.seeds
    needed = next(
        (
            seeds
            for seeds in range(2, MOST + 1)
            if _smallest(each / seeds, seeds - 1 + borrowed, mean.cluster_variance) <= abs(mean.value)
        ),
        None,
    )
    now = _smallest(mean.seed_variance, mean.freedom, mean.cluster_variance)
    return SeedPower(needed, now, _smallest(0.0, math.inf, mean.cluster_variance))


def _smallest(seeds: float, freedom: float, clusters: float) -> float:
    """Smallest difference that is found with a power of 80 %, from the variances of a difference."""
    from scipy.special import ndtri, stdtrit

    level = (1 + CONFIDENCE) / 2
    student = float(stdtrit(freedom, level)) if math.isfinite(freedom) else float(ndtri(level))
    edge = math.hypot(student * math.sqrt(seeds), float(ndtri(level)) * math.sqrt(clusters))
    return edge + float(ndtri(POWER)) * math.sqrt(seeds + clusters)
