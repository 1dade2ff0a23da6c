"""Rank correlations over models, with a bootstrap interval and a permutation null; also with a third number held fixed.

Spearman's correlation is that of ranks. With a control it is the correlation of what is left of both ranks once their
regression on the ranks of the control is taken out. The interval resamples models (percentiles); the null permutes one
of the two, and with a control what is left of it (Freedman and Lane 1983).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from inkling.components.shared.statistics.quantiles import CONFIDENCE

Floats = NDArray[np.float64]
FEWEST = 8
"""Models that a correlation is over, at least: of fewer a bootstrap has too few orders to tell apart."""
DRAWS = 1000


@dataclass(frozen=True)
class RankCorrelation:
    """A rank correlation.

    Attributes:
        value: The correlation, from -1 to 1.
        low: Lower end of its 95 % interval over models.
        high: Upper end.
        null_low: Lower end of what 95 % of permutations reach.
        null_high: Upper end.
        p_value: Two-sided, of permutations at least as far from 0.
        models: Models that it is over.
    """

    value: float
    low: float
    high: float
    null_low: float
    null_high: float
    p_value: float
    models: int


def rank_correlation(
    first: Sequence[float], second: Sequence[float], random: np.random.Generator, control: Sequence[float] | None = None
) -> RankCorrelation | None:
    """Correlates two numbers of each model.

    Args:
        first: One number a model.
        second: Another one.
        random: By what models are resampled and permuted.
        control: A third one, which is held fixed.

    Returns:
        The correlation; None of fewer than `FEWEST` models, or where one of the numbers is the same of all, or follows
        from the control.

    Raises:
        ValueError: If the lengths differ.
    """
    rows = np.array([first, second, *([control] if control is not None else [])], np.float64)
    models = rows.shape[1]
    if models < FEWEST:
        return None
    left = _left(_ranks(rows[None]))[0]  # (2, models)
    value = _correlation(left[0], left[1])
    if not np.isfinite(value):
        return None
    drawn = random.integers(models, size=(DRAWS, models))
    resampled = _left(_ranks(rows[:, drawn].transpose(1, 0, 2)))  # (draws, 2, models)
    several = _correlation(resampled[:, 0], resampled[:, 1])
    permuted = random.permuted(np.tile(left[0], (DRAWS, 1)), axis=1)
    if control is not None:
        ranks = _ranks(rows[None])[0, 2]
        permuted = _without(permuted, np.tile(ranks, (DRAWS, 1)))
    null = _correlation(permuted, left[1])
    ends = [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2]
    low, high = np.nanquantile(several, ends)
    null_low, null_high = np.nanquantile(null, ends)
    as_far = int((np.abs(null) >= abs(value) - 1e-12).sum())
    return RankCorrelation(
        float(value), float(min(low, value)), float(max(high, value)), float(null_low), float(null_high),
        (1 + as_far) / (1 + DRAWS), models,
    )  # fmt: skip


def _ranks(rows: Floats) -> Floats:
    from scipy.stats import rankdata

    found: Floats = rankdata(rows, axis=-1).astype(np.float64)
    return found


def _left(ranks: Floats) -> Floats:
    """The first two ranks (draws, 2, models), less their regression on the third where there is one."""
    if ranks.shape[1] == 2:
        return ranks
    return np.stack([_without(ranks[:, index], ranks[:, 2]) for index in range(2)], axis=1)


def _without(values: Floats, control: Floats) -> Floats:
    """What is left of values (..., models) once their regression on a control is taken out."""
    centred = control - control.mean(axis=-1, keepdims=True)
    own = values - values.mean(axis=-1, keepdims=True)
    square = (centred**2).sum(axis=-1, keepdims=True)
    slope = (own * centred).sum(axis=-1, keepdims=True) / np.where(square == 0, 1, square)
    left: Floats = own - slope * centred
    return left


def _correlation(one: Floats, other: Floats) -> Floats:
    """Pearson's correlation over the last axis; not a number where one of the two does not vary."""
    first, second = (values - values.mean(axis=-1, keepdims=True) for values in (one, other))
    squares = (first**2).sum(axis=-1) * (second**2).sum(axis=-1)
    with np.errstate(invalid="ignore", divide="ignore"):
        found: Floats = np.where(squares > 1e-18, (first * second).sum(axis=-1) / np.sqrt(squares), np.nan)
    return found
