"""One thread, a bounded queue: too many are refused for the moment, and nobody blocks the loop."""

import asyncio
import threading

import pytest

from inkling.components.serve.scheduler import Busy, Scheduler


def test_admits_as_many_as_may_wait_and_one():
    scheduler = Scheduler(waiting=2)
    leave = [scheduler.admit() for _ in range(3)]
    with pytest.raises(Busy, match="3 requests are being served or wait; try again"):
        scheduler.admit()
    leave[0]()
    scheduler.admit()


def test_a_failing_request_leaves():
    scheduler = Scheduler(waiting=0)
    for _ in range(2):
        with pytest.raises(ZeroDivisionError), scheduler.admitted():
            raise ZeroDivisionError


def test_computes_one_after_the_other_beside_the_loop():
    async def scenario() -> tuple[list[str], bool]:
        scheduler, release, order = Scheduler(waiting=4), threading.Event(), []

        def slow() -> None:
            release.wait(10)
            order.append("slow")

        first = asyncio.create_task(scheduler.compute(slow))
        second = asyncio.create_task(scheduler.compute(lambda: order.append("second")))
        await asyncio.sleep(0.05)
        free = not order
        release.set()
        await asyncio.gather(first, second)
        return order, free

    assert asyncio.run(scenario()) == (["slow", "second"], True)
