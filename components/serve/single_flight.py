"""One piece of work for all who ask for the same at a time (Go's `singleflight`)."""

import asyncio
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)
Result = TypeVar("Result")


@dataclass
class _Flight(Generic[Result]):
    work: asyncio.Future[Result]
    waiting: int = 0


class SingleFlight(Generic[Key, Result]):
    """Work by its key; the first who asks begins it, and who asks for the same before it is over waits for it."""

    def __init__(self) -> None:
        """Begins nothing."""
        self._flights: dict[Key, _Flight[Result]] = {}

    async def wait(self, key: Key, begin: Callable[[], asyncio.Future[Result]]) -> Result:
        """The result of the work of a key, or its error, which is that of all who wait.

        Work that nobody waits for any more is cancelled.

        Args:
            key: The same key is the same work.
            begin: Begins it.
        """
        flight = self._flights.get(key)
        if flight is None:
            flight = self._flights[key] = _Flight(begin())
        flight.waiting += 1
        try:
            return await asyncio.shield(flight.work)
        finally:
            flight.waiting -= 1
            if not flight.waiting:
                del self._flights[key]
                flight.work.cancel()
