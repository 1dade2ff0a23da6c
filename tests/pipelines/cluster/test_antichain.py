"""The heaviest tasks that may run at once, against every set of tasks tried one by one."""

from decimal import Decimal
from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inkling.pipelines.cluster.antichain import heaviest_antichain


def _tried(weights: dict[str, Decimal], needs: dict[str, list[str]]) -> Decimal:
    """The same by trial: each set of tasks of which none is reached from another."""
    reached: dict[str, set[str]] = {}
    for task in sorted(needs):  # tasks need only those of smaller names
        reached[task] = {earlier for one in needs[task] for earlier in (one, *reached[one])}
    best = Decimal(0)
    for size in range(len(weights) + 1):
        for chosen in combinations(sorted(weights), size):
            if not any(one in reached[other] or other in reached[one] for one, other in combinations(chosen, 2)):
                best = max(best, sum((weights[task] for task in chosen), Decimal(0)))
    return best


@st.composite
def _graphs(draw: st.DrawFn) -> tuple[dict[str, Decimal], dict[str, list[str]]]:
    names = "abcdefg"[: draw(st.integers(1, 7))]
    weights = {name: Decimal(draw(st.integers(0, 9))) / 2 for name in names if draw(st.booleans())}
    needs = {name: [earlier for earlier in names[:number] if draw(st.booleans())] for number, name in enumerate(names)}
    return weights, needs


@settings(max_examples=300, deadline=None)
@given(_graphs())
def test_it_is_the_heaviest_of_all_sets(graph: tuple[dict[str, Decimal], dict[str, list[str]]]) -> None:
    assert heaviest_antichain(*graph) == _tried(*graph)


@pytest.mark.parametrize(
    ("needs", "heaviest"),
    [
        ({}, 6),
        ({"b": ["a"], "c": ["b"]}, 3),
        ({"b": ["a"]}, 5),
        ({"c": ["b"]}, 4),
        ({"x": ["a"], "c": ["x"]}, 5),
    ],
    ids=["side by side", "a chain", "two one after the other", "two others", "through one that weighs nothing"],
)
def test_tasks_that_wait_for_one_another_are_not_added(needs: dict[str, list[str]], heaviest: int) -> None:
    weights = {"a": Decimal(1), "b": Decimal(2), "c": Decimal(3)}
    assert heaviest_antichain(weights, needs) == heaviest


def test_many_tasks_side_by_side_are_added_at_once() -> None:
    weights = {str(number): Decimal(number) for number in range(120)}
    needs = {str(number): [str(number - 60)] for number in range(60, 120)}
    assert heaviest_antichain(weights, needs) == sum(range(60, 120))
