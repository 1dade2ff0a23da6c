"""The solver: wanted shares are met, nothing feasible is nearer to the base, the infeasible is refused by name."""

from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.optimize import LinearConstraint, minimize

from inkling.components.mixture.solver import Infeasible, solve

Array = NDArray[Any]


@st.composite
def problems(draw: st.DrawFn) -> tuple[Array, Array, Array]:
    """A base, groups that overlap as they like, and shares that some distribution has."""
    cells, groups = draw(st.integers(2, 12)), draw(st.integers(1, 5))
    parts = st.lists(st.integers(0, 20), min_size=cells, max_size=cells).filter(any)
    base, other = (np.array(draw(parts), float) for _ in range(2))
    assume((other * (base > 0)).sum() > 0)
    flags = st.lists(st.booleans(), min_size=cells * groups, max_size=cells * groups)
    membership = np.array(draw(flags)).reshape(cells, groups)
    other = other * (base > 0)
    return base / base.sum(), membership, other / other.sum() @ membership


def divergence(weights: Array, base: Array) -> float:
    used = weights > 0
    return float((weights[used] * np.log(weights[used] / base[used])).sum())


@given(problems())
def test_feasible_shares_are_met_without_text_that_is_not_there(problem: tuple[Array, Array, Array]) -> None:
    base, membership, targets = problem
    weights = solve(base, membership, targets)
    assert weights.min() >= 0
    assert weights.sum() == pytest.approx(1, abs=1e-12)
    assert weights @ membership == pytest.approx(targets, abs=2e-6)
    assert not weights[base == 0].any()


@settings(max_examples=50)
@given(problems())
def test_no_feasible_distribution_is_nearer(problem: tuple[Array, Array, Array]) -> None:
    base, membership, targets = problem
    weights = solve(base, membership, targets)
    present = base > 0
    reference = minimize(
        lambda q: float((q * np.log(np.maximum(q, 1e-300) / base[present])).sum()),
        np.full(present.sum(), 1 / present.sum()),
        jac=lambda q: np.log(np.maximum(q, 1e-300) / base[present]) + 1,
        method="SLSQP",
        bounds=[(1e-12, 1)] * present.sum(),
        constraints=[
            LinearConstraint(membership[present].T.astype(float), targets, targets),
            LinearConstraint(np.ones((1, present.sum())), 1, 1),
        ],
        options={"ftol": 1e-12, "maxiter": 500},
    )
    met = np.abs(reference.x @ membership[present] - targets).max() < 1e-7
    assume(reference.success and met)
    assert divergence(weights, base) <= reference.fun + 1e-5


@given(problems())
def test_solving_again_changes_nothing(problem: tuple[Array, Array, Array]) -> None:
    base, membership, targets = problem
    once = solve(base, membership, targets)
    assert solve(once, membership, targets) == pytest.approx(once, abs=1e-5)


@given(problems())
def test_shares_of_the_base_give_the_base(problem: tuple[Array, Array, Array]) -> None:
    base, membership, _ = problem
    assert solve(base, membership, base @ membership) == pytest.approx(base, abs=1e-5)


def test_a_disjoint_group_scales_in_proportion() -> None:
    base = np.array([0.1, 0.3, 0.4, 0.2])
    weights = solve(base, np.array([[1], [1], [0], [0]], bool), np.array([0.8]))
    assert weights == pytest.approx([0.2, 0.6, 0.4 / 3, 0.2 / 3])


def test_overlapping_groups_against_the_closed_form_of_independence() -> None:
    """Two groups that are independent in the base stay independent (maximum entropy)."""
    membership = np.array([[1, 1], [1, 0], [0, 1], [0, 0]], bool)
    base = np.array([0.06, 0.14, 0.24, 0.56])
    assert solve(base, membership, np.array([0.6, 0.5])) == pytest.approx([0.3, 0.3, 0.2, 0.2])


def test_a_border_case_settles() -> None:
    """Without cells that are both, 60 and 40 percent leave nothing to the cells that are neither."""
    membership = np.array([[1, 0], [0, 1], [0, 0]], bool)
    assert solve(np.array([0.2, 0.2, 0.6]), membership, np.array([0.6, 0.4])) == pytest.approx([0.6, 0.4, 0])


def test_the_nearest_feasible_shares_are_named() -> None:
    membership = np.array([[1, 0], [0, 1], [0, 0]], bool)
    with pytest.raises(Infeasible, match=r"the nearest has \[0\.55, 0\.45\]") as raised:
        solve(np.array([0.2, 0.2, 0.6]), membership, np.array([0.6, 0.5]))
    assert raised.value.nearest == pytest.approx([0.55, 0.45])


@given(problems(), st.lists(st.floats(0, 1), min_size=5, max_size=5))
def test_the_nearest_is_feasible_and_no_corner_points_to_a_nearer(
    problem: tuple[Array, Array, Array], wish: list[float]
) -> None:
    """A point of a convex set is nearest to a target if no corner of the set lies on the target's side of it."""
    base, membership, targets = problem
    wanted = np.array(wish[: len(targets)])
    nearest = wanted
    try:
        solve(base, membership, wanted)
    except Infeasible as error:
        nearest = error.nearest
    solve(base, membership, nearest)
    corners = membership[base > 0].astype(float)
    assert ((corners - nearest) @ (wanted - nearest)).max() <= 1e-7
