"""The distribution nearest to a base that has wanted shares: iterative proportional fitting on overlapping groups.

Cells carry a base probability and belong to groups (a segment can carry several labels). Wanted is the distribution q
with the least Kullback-Leibler divergence sum(q log(q / base)) among those in which each group has its wanted share.
Within the cells of one pattern of membership q is proportional to the base, so patterns are solved for, not cells.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from inkling.components.shared.config import ConfigError

TOLERANCE = 1e-6
"""How far an achieved share may lie from the wanted one."""
_FEASIBLE = 1e-7  # a target so near to the border of the feasible lies on it
_SETTLED = 1e-10
_ROUNDS = 300
_LONGEST_STEP, _SHORTEST_STEP = 20.0, 1e-12
_NEGLIGIBLE = 1e-9  # a probability so small counts as none: in the base no text has it, in the result the border has it
Vector = NDArray[np.float64]
Membership = NDArray[np.bool_]


class Infeasible(ConfigError):
    """Shares that no mixture of the cells has.

    Attributes:
        nearest: The nearest shares (least squares) that a mixture has, (groups,).
    """

    def __init__(self, nearest: Vector) -> None:
        super().__init__(f"no mixture has these shares; the nearest has {np.round(nearest, 4).tolist()}")
        self.nearest = nearest


@dataclass(frozen=True)
class _Patterns:
    """Cells of equal membership taken together.

    Attributes:
        index: Pattern of each cell, (cells,).
        base: Base probability of each pattern, (patterns,).
        membership: Whether a pattern belongs to a group, (patterns, groups).
    """

    index: NDArray[np.intp]
    base: Vector
    membership: Vector


def solve(base: Vector, membership: Membership, targets: Vector) -> Vector:
    """Finds the distribution nearest to the base with the wanted shares.

    Args:
        base: Probability of each cell, not negative, with a positive sum, (cells,).
        membership: Whether a cell belongs to a group, (cells, groups).
        targets: Wanted share of each group, (groups,).

    Returns:
        Probability of each cell, (cells,), zero where the base is zero.

    Raises:
        Infeasible: If no distribution on the cells has these shares; it carries the nearest that one has.
    """
    base = base / base.sum()
    base = np.where(base < _NEGLIGIBLE, 0.0, base)
    patterns = _patterns(base, membership)
    nearest = _nearest(patterns, targets)
    if np.abs(nearest - targets).max(initial=0) > _FEASIBLE:
        raise Infeasible(nearest)
    solved = _fit(patterns, nearest)  # (patterns,)
    solved = np.where(solved < _NEGLIGIBLE, 0.0, solved)
    scale = np.divide(solved, patterns.base, out=np.zeros_like(solved), where=patterns.base > 0)
    weights: Vector = base * scale[patterns.index]  # (cells,)
    return weights / weights.sum()


def _patterns(base: Vector, membership: Membership) -> _Patterns:
    distinct, index = np.unique(membership, axis=0, return_inverse=True)  # (patterns, groups), (cells,)
    index = index.reshape(-1)
    weights = np.bincount(index, base, len(distinct)).astype(np.float64)  # (patterns,)
    return _Patterns(index, weights, distinct.astype(np.float64))


def _nearest(patterns: _Patterns, targets: Vector) -> Vector:
    """The shares nearest to the wanted ones that a distribution has: a projection on a convex hull.

    Minimising |sum x_i (a_i - t)|^2 + (sum x_i - 1)^2 over x >= 0 gives, divided by its sum, the distribution whose
    shares are nearest to t (C. Lawson and R. Hanson, Solving Least Squares Problems, chapter 23).
    """
    from scipy.optimize import nnls

    present = patterns.membership[patterns.base > 0]  # (present patterns, groups)
    system = np.vstack([(present - targets).T, np.ones(len(present))])  # (groups + 1, present patterns)
    solution, _ = nnls(system, np.append(np.zeros(len(targets)), 1.0))  # (present patterns,)
    nearest: Vector = solution / solution.sum() @ present  # (groups,)
    return nearest


def _fit(patterns: _Patterns, targets: Vector) -> Vector:
    """Sweeps of proportional fitting, each followed by a step of Newton's method on the same dual.

    Both multiply the base by factors of the groups, so that what they reach is the nearest distribution. Sweeps alone
    are slow where groups overlap much or a share lies at the border of the feasible; steps alone miss a tiny group.
    """
    solved = patterns.base / patterns.base.sum()  # (patterns,)
    for _ in range(_ROUNDS):
        solved = _sweep(solved, patterns.membership, targets)
        if _error(solved, patterns, targets) <= _SETTLED:
            break
        solved = _newton(solved, patterns.membership, targets)
    if _error(solved, patterns, targets) > TOLERANCE:
        raise RuntimeError(f"the fit did not settle on the shares {targets.tolist()}")
    return solved


def _sweep(solved: Vector, membership: Vector, targets: Vector) -> Vector:
    """Scales each group and its complement in turn to the wanted share."""
    for group, target in enumerate(targets):
        inside = membership[:, group] > 0  # (patterns,)
        share = solved[inside].sum()
        solved = np.where(inside, solved * _ratio(target, share), solved * _ratio(1 - target, 1 - share))
        solved = solved / solved.sum()
    return solved


def _newton(solved: Vector, membership: Vector, targets: Vector) -> Vector:
    """One damped step of Newton's method on log(sum(q exp(d a))) - d t, convex in the groups' log factors d."""
    shares = solved @ membership  # (patterns,) @ (patterns, groups) -> (groups,)
    centred = membership - shares  # (patterns, groups)
    curvature = (centred * solved[:, None]).T @ centred  # (groups, groups)
    step = np.linalg.lstsq(curvature, targets - shares, rcond=1e-14)[0]  # (groups,)
    step /= max(1.0, float(np.abs(centred @ step)[solved > 0].max()) / _LONGEST_STEP)
    while True:
        factors = np.exp(membership @ step)  # (patterns,)
        moved = solved * factors
        if np.log(moved.sum()) - step @ targets <= 0 or np.abs(step).max() < _SHORTEST_STEP:
            return moved / moved.sum()
        step = step / 2


def _error(solved: Vector, patterns: _Patterns, targets: Vector) -> float:
    return float(np.abs(solved @ patterns.membership - targets).max(initial=0))


def _ratio(wanted: float, given: float) -> float:
    return wanted / given if given > 0 else 0.0
