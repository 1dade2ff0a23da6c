"""Whether options are chosen for where they stand: how often each position is, against a seeded random order."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from inkling.components.shared.statistics.intervals import wilson


@dataclass(frozen=True)
class Position:
    """How often the option given at one place is chosen.

    Attributes:
        questions: Questions that have an option there.
        chosen: Share of them where it is chosen.
        low, high: Ends of its 95 % interval (Wilson 1927).
        uniform: What the share would be if the place did not matter.
    """

    questions: int
    chosen: float
    low: float
    high: float
    uniform: float


@dataclass(frozen=True)
class PositionBias:
    """The positions, from the first, and a test that none is preferred.

    Attributes:
        positions: From the first.
        p_value: Of Pearson's chi-squared against the uniform, summed over questions of equally many options. Questions
            that share an image are independent here: the orders of their options are, and under no preference the
            position chosen depends on nothing else.
    """

    positions: tuple[Position, ...]
    p_value: float


def position_bias(chosen: Sequence[int], options: Sequence[int]) -> PositionBias | None:
    """Compares the positions chosen with the uniform distribution.

    Args:
        chosen: Position of the chosen option in the order in which options were given, from 0, one a question.
        options: Number of options of each question.

    Returns:
        The bias; None where there is no question of two options or more.

    Raises:
        ValueError: If the lengths differ or a position is none of its question.
    """
    place, number = np.asarray(chosen, dtype=np.int64), np.asarray(options, dtype=np.int64)
    if place.shape != number.shape or (place < 0).any() or (place >= number).any():
        raise ValueError("each question needs one chosen position among those of its options")
    place, number = place[number > 1], number[number > 1]
    if not len(place):
        return None
    statistic, freedom = 0.0, 0
    for size in np.unique(number):
        counts = np.bincount(place[number == size], minlength=size)
        expected = counts.sum() / size
        statistic += float(((counts - expected) ** 2 / expected).sum())
        freedom += int(size) - 1
    positions = tuple(_position(place, number, at) for at in range(int(number.max())))
    return PositionBias(positions, _chi_squared_tail(statistic, freedom))


def _position(place: np.ndarray, number: np.ndarray, at: int) -> Position:
    has = number > at
    hits, total = int((place[has] == at).sum()), int(has.sum())
    low, high = wilson(hits, total)
    return Position(total, hits / total, low, high, float((1 / number[has]).mean()))


def _chi_squared_tail(statistic: float, freedom: int) -> float:
    from scipy.stats import chi2

    return float(chi2.sf(statistic, freedom))
