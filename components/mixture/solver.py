"""The distribution nearest to a base that has wanted shares: iterative proportional fitting on overlapping groups.

Cells carry a base probability and belong to groups (a segment can carry several labels). Wanted is the distribution q
with the least Kullback-Leibler divergence sum(q log(q / base)) among those in which each group has its wanted share.
Within the cells of one pattern of membership q is proportional to the base, so patterns are solved for, not cells.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from inkling.components.config import ConfigError

TOLERANCE = 1e-9
"""How far an achieved share may lie from the wanted one."""
_SWEEPS = 100_000
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

    def restricted(self, kept: NDArray[np.bool_]) -> "_Patterns":
        """The same, with no probability on the other patterns."""
        return _Patterns(self.index, np.where(kept, self.base, 0.0), self.membership)


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
    patterns = _patterns(base / base.sum(), membership)
    nearest = _nearest(patterns, targets)
    if np.abs(nearest - targets).max(initial=0) > TOLERANCE:
        raise Infeasible(nearest)
    reachable = patterns.restricted(_reachable(patterns, targets))
    solved = _fit(reachable, targets)
    scale = np.divide(solved, patterns.base, out=np.zeros_like(solved), where=patterns.base > 0)
    weights: Vector = base / base.sum() * scale[patterns.index]
    return weights / weights.sum()


def _patterns(base: Vector, membership: Membership) -> _Patterns:
    distinct, index = np.unique(membership, axis=0, return_inverse=True)
    index = index.reshape(-1)
    weights = np.bincount(index, base, len(distinct)).astype(np.float64)
    return _Patterns(index, weights, distinct.astype(np.float64))


def _nearest(patterns: _Patterns, targets: Vector) -> Vector:
    """The shares nearest to the wanted ones that a distribution has: a projection on a convex hull.

    Minimising |sum x_i (a_i - t)|^2 + (sum x_i - 1)^2 over x >= 0 gives, divided by its sum, the distribution whose
    shares are nearest to t (C. Lawson and R. Hanson, Solving Least Squares Problems, chapter 23).
    """
    from scipy.optimize import nnls

    present = patterns.membership[patterns.base > 0]
    system = np.vstack([(present - targets).T, np.ones(len(present))])
    solution, _ = nnls(system, np.append(np.zeros(len(targets)), 1.0))
    nearest: Vector = solution / solution.sum() @ present
    return nearest


def _reachable(patterns: _Patterns, targets: Vector) -> NDArray[np.bool_]:
    """Patterns that some feasible distribution uses, (patterns,); at the border of the feasible not all are.

    One linear programme: x = z q for a feasible q and any scale z >= 0, and as many as possible of s <= min(x, 1).
    """
    from scipy.optimize import linprog

    count, groups = patterns.membership.shape
    present = patterns.base > 0
    # Variables: x (count), s (count), z (1).
    shares = np.hstack([patterns.membership.T, np.zeros((groups, count)), -targets[:, None]])
    total = np.concatenate([np.ones(count), np.zeros(count), [-1.0]])
    below = np.hstack([-np.eye(count), np.eye(count), np.zeros((count, 1))])
    bounds = [(0, None if here else 0) for here in present] + [(0, 1)] * count + [(0, None)]
    result = linprog(
        np.concatenate([np.zeros(count), -np.ones(count), [0.0]]),
        A_ub=below,
        b_ub=np.zeros(count),
        A_eq=np.vstack([shares, total]),
        b_eq=np.zeros(groups + 1),
        bounds=bounds,
    )
    used: NDArray[np.bool_] = result.x[count : 2 * count] > 0.5
    return used


def _fit(patterns: _Patterns, targets: Vector) -> Vector:
    """Scales each group and its complement in turn to the wanted share until all shares are met."""
    solved = patterns.base / patterns.base.sum()
    inside = patterns.membership.astype(np.bool_)
    for _ in range(_SWEEPS):
        for group, target in enumerate(targets):
            share = solved[inside[:, group]].sum()
            solved = np.where(inside[:, group], solved * _ratio(target, share), solved * _ratio(1 - target, 1 - share))
        if np.abs(solved @ patterns.membership - targets).max(initial=0) <= TOLERANCE:
            return solved
    raise RuntimeError(f"proportional fitting did not settle in {_SWEEPS} sweeps on shares {targets.tolist()}")


def _ratio(wanted: float, given: float) -> float:
    return wanted / given if given > 0 else 0.0
