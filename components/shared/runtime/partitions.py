"""Work on fixed units, in as many processes as are wanted; what comes out does not depend on how many."""

import multiprocessing
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor, wait
from itertools import islice
from typing import Any, TypeVar

U = TypeVar("U")
R = TypeVar("R")
Advance = Callable[[int], None]
"""Called with the units of work that are done; cheap to call."""
_POLL_SECONDS = 0.5
_AHEAD = 2  # units a process that are handed out before the oldest is done
_done: Any = None


def map_units(function: Callable[[U, Advance], R], units: Iterable[U], workers: int, advance: Advance) -> Iterator[R]:
    """Yields the result of each unit, in their order.

    Units are drawn no further ahead than keeps the processes busy, so that an iterator that stops for what the results
    say stops soon.

    Args:
        function: What is done with a unit; in several processes it and the units must be picklable.
        units: The units; never cut for a number of workers.
        workers: How many processes work at the same time; 1 is this one.
        advance: Called with what is done, in the function's own measure.
    """
    if workers == 1:
        for unit in units:
            yield function(unit, advance)
        return
    context = multiprocessing.get_context("spawn")
    counter = context.Value("q", 0)
    seen = 0
    waiting = iter(units)
    with ProcessPoolExecutor(workers, context, _start, (counter,)) as pool:
        handed: deque[Future[R]] = deque()
        try:
            while True:
                room = workers * _AHEAD - len(handed)
                handed.extend(pool.submit(_work, function, unit) for unit in islice(waiting, room))
                if not handed:
                    return
                while True:
                    wait([handed[0]], _POLL_SECONDS)
                    total = counter.value
                    advance(total - seen)
                    seen = total
                    if handed[0].done():
                        break
                yield handed.popleft().result()
        finally:
            pool.shutdown(cancel_futures=True)


def _start(counter: Any) -> None:
    global _done
    _done = counter


def _work(function: Callable[[U, Advance], R], unit: U) -> R:
    return function(unit, _count)


def _count(units: int) -> None:
    with _done.get_lock():
        _done.value += units
