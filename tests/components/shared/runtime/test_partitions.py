"""Units are worked on in any number of processes, with the same results in the same order."""

import time
from collections.abc import Callable, Iterator

import pytest

from inkling.components.shared.runtime.partitions import map_units


def square(unit: int, advance: Callable[[int], None]) -> int:
    time.sleep(0.02 * (unit == 0))
    if unit == 99:
        raise ValueError("unit 99 cannot be squared")
    advance(unit)
    return unit * unit


@pytest.mark.parametrize("workers", [1, 2])
def test_results_come_in_the_order_of_the_units(workers: int) -> None:
    done: list[int] = []
    assert list(map_units(square, range(8), workers, done.append)) == [unit * unit for unit in range(8)]
    assert sum(done) == sum(range(8))


@pytest.mark.parametrize("workers", [1, 2])
def test_an_error_in_a_unit_ends_the_work(workers: int) -> None:
    with pytest.raises(ValueError, match="unit 99"):
        list(map_units(square, [1, 99, 2], workers, lambda units: None))


def test_units_are_drawn_no_further_than_needed() -> None:
    drawn: list[int] = []

    def endless() -> Iterator[int]:
        while len(drawn) < 1_000:
            drawn.append(len(drawn))
            yield drawn[-1]

    results = map_units(square, endless(), 2, lambda units: None)
    assert [next(results), next(results)] == [0, 1]
    results.close()
    assert len(drawn) < 10
