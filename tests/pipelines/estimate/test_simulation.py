"""The simulated queue of a study."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inkling.pipelines.estimate.simulation import Places, simulate


def test_a_text_starts_where_the_first_place_gets_free() -> None:
    queue = simulate([3.0, 1.0, 1.0, 4.0], 4, 1, 2)
    assert queue.ends == (3.0, 1.0, 2.0, 6.0)
    assert (queue.hours, queue.at_once) == (6.0, 2)
    assert [queue.finished(hour) for hour in (0.5, 2.0, 6.0)] == [[], [1, 2], [0, 1, 2, 3]]


def test_the_pretrainings_of_a_text_share_its_places_and_the_baseline_comes_first() -> None:
    queue = simulate([2.0, 3.0, 1.0, 1.0, 0.5, 0.25], 2, 2, 2)
    assert Places.of(2, 2, 2) == Places(2, 1)
    assert queue.ends == (2.5, 5.5, 1.5, 2.5, 0.5, 0.25)


def test_more_places_than_runs_are_not_used() -> None:
    assert simulate([1.0, 2.0], 2, 1, 16).at_once == 2


def test_ways_that_run_at_the_same_time_count_as_runs() -> None:
    assert Places.of(16, 2, 2, 3) == Places(2, 2, 3)
    assert simulate([1.0] * 4, 2, 2, 16, 3).at_once == 12


@given(st.integers(1, 40), st.integers(1, 40), st.integers(1, 40), st.integers(1, 40))
def test_all_that_is_under_way_is_allowed(parallelism: int, texts: int, variants: int, ways: int) -> None:
    places = Places.of(parallelism, texts, variants, ways)
    assert 1 <= places.texts <= texts and 1 <= places.variants <= variants and 1 <= places.ways <= ways
    assert places.texts * places.variants * places.ways <= parallelism


@given(st.lists(st.floats(0.0, 100.0), min_size=12, max_size=16), st.integers(1, 20))
def test_no_queue_is_faster_than_its_work_nor_slower_than_one_place(hours: list[float], places: int) -> None:
    lasted = simulate(hours, 3, 4, places).hours
    assert lasted <= sum(hours) + 1e-6
    assert lasted >= max(max(hours), sum(hours) / places) - 1e-6
    assert simulate(hours, 3, 4, 1).hours == pytest.approx(sum(hours))
