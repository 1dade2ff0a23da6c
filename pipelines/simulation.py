"""The queue of a study, simulated: which runs are under way when, and how the object store fills."""

import heapq
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Queue:
    """What a study asks of a cluster over time.

    Attributes:
        hours: From the first start to the last end.
        at_once: Most runs under way at the same time; each has one pod of a stage at a time.
        ends: Hour at which each run ends, in the order of the runs.
    """

    hours: float
    at_once: int
    ends: tuple[float, ...]

    def finished(self, hour: float) -> list[int]:
        """Numbers of the runs that have ended by an hour."""
        return [number for number, end in enumerate(self.ends) if end <= hour]


def simulate(hours: Sequence[float], parallelism: int) -> Queue:
    """Lets runs start in their order, each as soon as one of the places is free.

    Args:
        hours: How long each run takes.
        parallelism: Places.
    """
    places = [0.0] * min(parallelism, len(hours))
    ends = []
    for duration in hours:
        end = heapq.heappop(places) + duration
        ends.append(end)
        heapq.heappush(places, end)
    return Queue(max(ends), len(places), tuple(ends))
