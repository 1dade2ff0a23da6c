"""The simulated queue of a study."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inkling.pipelines.estimate.simulation import Places, simulate


def test_a_recipe_starts_where_the_first_place_gets_free() -> None:
    queue = simulate([3.0, 1.0, 1.0, 4.0], 4, 1, 2)
    assert queue.ends == (3.0, 1.0, 2.0, 6.0)
    assert (queue.hours, queue.at_once) == (6.0, 2)
    assert [queue.finished(hour) for hour in (0.5, 2.0, 6.0)] == [[], [1, 2], [0, 1, 2, 3]]


def test_the_runs_of_a_recipe_share_its_places_and_those_that_read_nothing_come_first() -> None:
    queue = simulate([2.0, 3.0, 1.0, 1.0, 0.5, 0.25], 2, 2, 2)
    assert Places.of(2, 2, 2) == Places(2, 1)
    assert queue.ends == (2.5, 5.5, 1.5, 2.5, 0.5, 0.25)


def test_more_places_than_runs_are_not_used() -> None:
    assert simulate([1.0, 2.0], 2, 1, 16).at_once == 2


@given(st.integers(1, 40), st.integers(1, 40), st.integers(1, 40))
def test_the_two_loops_together_are_as_wide_as_allowed_at_most(parallelism: int, recipes: int, variants: int) -> None:
    places = Places.of(parallelism, recipes, variants)
    assert 1 <= places.recipes <= recipes and 1 <= places.runs <= variants
    assert places.recipes * places.runs <= parallelism


@given(st.lists(st.floats(0.0, 100.0), min_size=12, max_size=16), st.integers(1, 20))
def test_no_queue_is_faster_than_its_work_nor_slower_than_one_place(hours: list[float], places: int) -> None:
    lasted = simulate(hours, 3, 4, places).hours
    assert lasted <= sum(hours) + 1e-6
    assert lasted >= max(max(hours), sum(hours) / places) - 1e-6
    assert simulate(hours, 3, 4, 1).hours == pytest.approx(sum(hours))
