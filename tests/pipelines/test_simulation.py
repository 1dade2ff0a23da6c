"""The simulated queue of a study."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inkling.pipelines.simulation import simulate


def test_a_run_starts_where_the_first_place_gets_free() -> None:
    queue = simulate([3.0, 1.0, 1.0, 4.0], 2)
    assert queue.ends == (3.0, 1.0, 2.0, 6.0)
    assert (queue.hours, queue.at_once) == (6.0, 2)
    assert [queue.finished(hour) for hour in (0.5, 2.0, 6.0)] == [[], [1, 2], [0, 1, 2, 3]]


def test_more_places_than_runs_are_not_used() -> None:
    assert simulate([1.0, 2.0], 16).at_once == 2


@given(st.lists(st.floats(0.0, 100.0), min_size=1, max_size=50), st.integers(1, 20))
def test_no_queue_is_faster_than_its_work_nor_slower_than_one_place(hours: list[float], places: int) -> None:
    lasted = simulate(hours, places).hours
    assert lasted <= sum(hours) + 1e-6
    assert lasted >= max(max(hours), sum(hours) / places) - 1e-6
    assert simulate(hours, 1).hours == pytest.approx(sum(hours))
