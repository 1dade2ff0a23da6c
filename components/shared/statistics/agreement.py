"""How far two readers agree about the same items: Cohen's kappa and its relatives, with bootstrap intervals.

Each item weighs as many items of a population as it stands for, so the figures estimate what one would find if both
readers had read all of it. They say nothing about who is right.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from inkling.components.shared.statistics.quantiles import CONFIDENCE

Floats = NDArray[np.float64]
Booleans = NDArray[np.bool_]


@dataclass(frozen=True)
class OptionalInterval:
    """A value with its 95 % interval; None what cannot be had.

    There is no kappa if both readers say the same of every item, and no interval if no group has two clusters.
    """

    value: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True)
class Agreement:
    """How two readers agree about a label.

    Attributes:
        label: Its name.
        agreement: Share of the population of which both say the same.
        kappa: Cohen's kappa: agreement above chance, 1 at best, 0 if no better than chance.
        first: Share of the population that the first reader flags.
        second: Share that the second reader flags.
        counts: Items read, unweighted: both flag, only the first, only the second, neither.
    """

    label: str
    agreement: OptionalInterval
    kappa: OptionalInterval
    first: float
    second: float
    counts: tuple[int, int, int, int]


def agreement(label: str, first: Booleans, second: Booleans, weights: Floats, replicates: Floats) -> Agreement:
    """Compares two readers.

    Where no item is read differently the interval has no width, which says so much and no more.

    Args:
        label: What is flagged.
        first: Whether the first reader flags each item, (items,).
        second: Whether the second does, (items,).
        weights: How many of the population each item stands for, (items,).
        replicates: The same in each replicate of a bootstrap, (replicates, items).
    """
    each = np.stack([first & second, first & ~second, ~first & second, ~first & ~second], axis=1).astype(np.float64)
    varied = replicates if np.ptp(replicates, axis=0).any() else replicates[:0]
    cells, drawn = weights @ each, varied @ each  # (4,), (replicates, 4)
    shares = cells / cells.sum()
    return Agreement(
        label=label,
        agreement=_percentile_interval(observed_agreement(cells), observed_agreement(drawn)),
        kappa=_percentile_interval(kappa(cells), kappa(drawn)),
        first=float(shares[0] + shares[1]),
        second=float(shares[0] + shares[2]),
        counts=tuple(int(count) for count in each.sum(axis=0)),  # type: ignore[arg-type]
    )


def observed_agreement(cells: Floats) -> Floats:
    """Share of what both readers say the same of, (...).

    Args:
        cells: Weight of what both flag, the first only, the second only, neither, (..., 4).
    """
    return (cells[..., 0] + cells[..., 3]) / cells.sum(axis=-1)


def kappa(cells: Floats) -> Floats:
    """Cohen's (1960) kappa of many tables at once, (...): agreement of two readers above chance.

    Args:
        cells: Weight of what both flag, the first only, the second only, neither, (..., 4).

    Returns:
        One value a table, at most 1; not a number where chance alone agrees on everything.
    """
    shares = cells / cells.sum(axis=-1, keepdims=True)
    both, one, other, neither = np.moveaxis(shares, -1, 0)
    expected = (both + one) * (both + other) + (neither + one) * (neither + other)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(expected < 1 - 1e-12, (both + neither - expected) / (1 - expected), np.nan)


def bootstrap_weights(
    weights: Floats,
    groups: Sequence[str],
    clusters: Sequence[str],
    strata: Sequence[str],
    replicates: int,
    random: np.random.Generator,
) -> Floats:
    """Weights of the items in each replicate of a cluster bootstrap, (replicates, items).

    The clusters of each group are drawn anew, since items of a cluster are alike; then every stratum is scaled back to
    its size. The intervals are for populations of clusters like these.

    Args:
        weights: How many of the population each item stands for, (items,).
        groups: Group of each item, such as its source.
        clusters: Cluster of each item, such as its document.
        strata: Stratum that each item was drawn from.
        replicates: Number of replicates.
        random: What they are drawn by.
    """
    times = np.empty((replicates, len(weights)))
    for group in dict.fromkeys(groups):
        rows = np.array([index for index, one in enumerate(groups) if one == group])
        codes = np.unique([clusters[row] for row in rows], return_inverse=True)[1]
        count = int(codes.max()) + 1
        picked = random.multinomial(count, np.full(count, 1 / count), replicates)  # (replicates, clusters)
        times[:, rows] = picked[:, codes]
    scaled = times * weights
    for stratum in dict.fromkeys(strata):
        rows = np.array([index for index, one in enumerate(strata) if one == stratum])
        drawn = scaled[:, rows].sum(axis=1, keepdims=True)
        scaled[:, rows] *= weights[rows].sum() / np.where(drawn == 0, 1, drawn)
    return scaled


def _percentile_interval(value: Floats, drawn: Floats) -> OptionalInterval:
    if np.isnan(value):
        return OptionalInterval(None, None, None)
    known = drawn[~np.isnan(drawn)]
    if not known.size:
        return OptionalInterval(float(value), None, None)
    outside = 100 * (1 - CONFIDENCE) / 2
    low, high = np.percentile(known, [outside, 100 - outside])
    return OptionalInterval(float(value), float(low), float(high))
