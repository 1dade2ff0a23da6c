"""Computing beside the event loop: one thread, and a bounded number of requests that wait for it."""

import asyncio
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TypeVar

from kserve.errors import ServerNotReady

from inkling.components.serve.metrics import ADMITTED

T = TypeVar("T")


class Busy(ServerNotReady):
    """Too many requests wait already (503, or UNAVAILABLE over gRPC)."""

    def __init__(self, waiting: int) -> None:
        """Takes how many are being served."""
        super().__init__(f"{waiting} requests are being served or wait; try again in a moment.")
        self.reason = str(self)


class Scheduler:
    """One thread that the admitted requests share, so that the event loop stays free and memory bounded."""

    def __init__(self, waiting: int) -> None:
        """Starts nothing yet.

        Args:
            waiting: Requests that may wait beside the one that is being computed.
        """
        self._limit, self._admitted = 1 + waiting, 0
        self._executor = ThreadPoolExecutor(max_workers=1, thread_name_prefix="inference")

    def admit(self) -> Callable[[], None]:
        """Lets a request in.

        Returns:
            What to call, once, when the request has been answered.

        Raises:
            Busy: If as many as may are in.
        """
        if self._admitted >= self._limit:
            raise Busy(self._admitted)
        self._count(1)
        return lambda: self._count(-1)

    @contextmanager
    def admitted(self) -> Iterator[None]:
        """Lets a request in for the duration of a block."""
        leave = self.admit()
        try:
            yield
        finally:
            leave()

    async def compute(self, function: Callable[[], T]) -> T:
        """Runs a function of an admitted request on the thread."""
        return await asyncio.get_running_loop().run_in_executor(self._executor, function)

    def _count(self, change: int) -> None:
        self._admitted += change
        ADMITTED.set(self._admitted)
