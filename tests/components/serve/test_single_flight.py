"""What several ask for at a time is done once; who leaves takes it along only where nobody else waits."""

import asyncio

import pytest

from inkling.components.serve.single_flight import SingleFlight


class Counted:
    """Work that counts how often it is begun, and ends when a test says so."""

    def __init__(self) -> None:
        self.begun: list[asyncio.Future[str]] = []

    def begin(self) -> "asyncio.Future[str]":
        self.begun.append(asyncio.get_running_loop().create_future())
        return self.begun[-1]


async def waiting(flight: SingleFlight[str, str], counted: Counted, keys: str) -> list["asyncio.Task[str]"]:
    tasks = [asyncio.create_task(flight.wait(key, counted.begin)) for key in keys]
    await asyncio.sleep(0)
    return tasks


def test_the_same_is_done_once_at_a_time_and_anew_afterwards() -> None:
    async def scenario() -> None:
        flight: SingleFlight[str, str] = SingleFlight()
        counted = Counted()
        tasks = await waiting(flight, counted, "aab")
        assert len(counted.begun) == 2
        counted.begun[1].set_result("B")
        counted.begun[0].set_result("A")
        assert await asyncio.gather(*tasks) == ["A", "A", "B"]
        (again,) = await waiting(flight, counted, "a")
        counted.begun[2].set_result("later")
        assert await again == "later"

    asyncio.run(scenario())


def test_an_error_is_that_of_all_who_wait() -> None:
    async def scenario() -> None:
        flight: SingleFlight[str, str] = SingleFlight()
        counted = Counted()
        tasks = await waiting(flight, counted, "aa")
        counted.begun[0].set_exception(ValueError("no image"))
        for task in tasks:
            with pytest.raises(ValueError, match="no image"):
                await task

    asyncio.run(scenario())


def test_who_leaves_takes_the_work_along_only_where_nobody_else_waits() -> None:
    async def scenario() -> None:
        flight: SingleFlight[str, str] = SingleFlight()
        counted = Counted()
        first, second = await waiting(flight, counted, "aa")
        first.cancel()
        await asyncio.sleep(0)
        assert not counted.begun[0].cancelled()
        second.cancel()
        await asyncio.wait([first, second])
        assert counted.begun[0].cancelled()
        (third,) = await waiting(flight, counted, "a")
        counted.begun[1].set_result("A")
        assert await third == "A"

    asyncio.run(scenario())
