"""How far two readings of the same segments agree, for the whole corpus that the sample stands for.

Shares, agreement and kappa weigh each segment by how many of the corpus it stands for, so they estimate what one would
find if both sides had read every segment of the corpus, each counting once. They say nothing about who is right.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from inkling.components.artifacts.labels import FAMILIES, LABELS, Flags, member
from inkling.components.label.audit_sample import Drawn
from inkling.components.shared.statistics.intervals import CONFIDENCE, kappa

_REPLICATES = 2_000
Cells = NDArray[np.float64]
"""Weight of the segments that both sides flag, the first only, the second only, neither: (..., 4)."""


@dataclass(frozen=True)
class Interval:
    """A value with its 95 % interval; None where there is none (kappa, if one side says the same of every segment)."""

    value: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True)
class Agreement:
    """How two readings agree about a label or a family.

    Attributes:
        label: Its name.
        agreement: Share of the corpus's segments of which both say the same.
        kappa: Cohen's kappa: agreement above chance, 1 at best, 0 if no better than chance.
        first: Share of the corpus's segments that the first flags.
        second: Share that the second flags.
        counts: Segments of the sample, unweighted: both, only the first, only the second, neither.
    """

    label: str
    agreement: Interval
    kappa: Interval
    first: float
    second: float
    counts: tuple[int, int, int, int]


def compare(sample: Sequence[Drawn], second: Flags, seed: int) -> list[Agreement]:
    """Compares the labeller that the sample was drawn by with a second reading.

    Intervals are percentiles of a bootstrap that draws the documents of each source anew, since segments of a document
    are alike, and then scales every stratum back to its size. They are for corpora of documents like these. Where the
    sample holds no disagreement the interval has no width, which says so much and no more.

    Args:
        sample: The segments, with the first reading.
        second: The second reading, (segments, 6).
        seed: Seed of the bootstrap.

    Raises:
        ValueError: If the sample is empty or the second reading has not a row for each of its segments.
    """
    if not sample or len(sample) != len(second):
        raise ValueError(f"{len(sample)} segments and {len(second)} readings cannot be compared")
    first = np.array([one.flags for one in sample])
    weights = np.array([one.weight for one in sample])
    replicates = _replicates(sample, weights, np.random.default_rng(seed))
    return [
        _compare(name, member(first, name), member(second, name), weights, replicates) for name in (*LABELS, *FAMILIES)
    ]


def _compare(name: str, first: Flags, second: Flags, weights: Cells, replicates: Cells) -> Agreement:
    each = np.stack([first & second, first & ~second, ~first & second, ~first & ~second], axis=1).astype(np.float64)
    cells, drawn = weights @ each, replicates @ each
    shares = cells / cells.sum()
    return Agreement(
        label=name,
        agreement=_interval(_same(cells), _same(drawn)),
        kappa=_interval(kappa(cells), kappa(drawn)),
        first=float(shares[0] + shares[1]),
        second=float(shares[0] + shares[2]),
        counts=tuple(int(count) for count in each.sum(axis=0)),  # type: ignore[arg-type]
    )


def _same(cells: Cells) -> NDArray[np.float64]:
    return (cells[..., 0] + cells[..., 3]) / cells.sum(axis=-1)


def _interval(value: NDArray[np.float64], drawn: NDArray[np.float64]) -> Interval:
    if np.isnan(value):
        return Interval(None, None, None)
    outside = 100 * (1 - CONFIDENCE) / 2
    low, high = np.nanpercentile(drawn, [outside, 100 - outside])
    return Interval(float(value), float(low), float(high))


def _replicates(sample: Sequence[Drawn], weights: Cells, random: np.random.Generator) -> Cells:
    """Weights of the segments in each replicate, (replicates, segments)."""
    times = np.empty((_REPLICATES, len(sample)))
    for source in dict.fromkeys(one.source for one in sample):
        rows = np.array([index for index, one in enumerate(sample) if one.source == source])
        codes = np.unique([sample[row].document for row in rows], return_inverse=True)[1]
        documents = int(codes.max()) + 1
        picked = random.multinomial(documents, np.full(documents, 1 / documents), _REPLICATES)
        times[:, rows] = picked[:, codes]
    replicates = times * weights
    for stratum in dict.fromkeys(one.stratum for one in sample):
        rows = np.array([index for index, one in enumerate(sample) if one.stratum == stratum])
        drawn = replicates[:, rows].sum(axis=1, keepdims=True)
        replicates[:, rows] *= weights[rows].sum() / np.where(drawn == 0, 1, drawn)
    return replicates
