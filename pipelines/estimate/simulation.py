"""The queue of a study, simulated: which runs are under way when, and how the object store fills."""

import heapq
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self


@dataclass(frozen=True)
class Places:
    """How many iterations of a study's two loops are under way at the same time.

    Attributes:
        recipes: Recipes.
        runs: Runs of each of these recipes.
    """

    recipes: int
    runs: int

    @classmethod
    def of(cls, parallelism: int, recipes: int, variants: int) -> Self:
        """The widths that need the fewest rounds, if all runs last as long as each other.

        Args:
            parallelism: Runs that may be under way at the same time.
            recipes: Recipes of the study.
            variants: Runs of each.
        """

        def rounds(runs: int) -> int:
            return -(-variants // runs) * -(-recipes // min(recipes, parallelism // runs))

        runs = min(range(1, min(parallelism, variants) + 1), key=rounds)
        return cls(min(recipes, parallelism // runs), runs)


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


def simulate(hours: Sequence[float], recipes: int, variants: int, parallelism: int) -> Queue:
    """Lets recipes, and the runs of each, start in their order, each as soon as one of its loop's places is free.

    Args:
        hours: How long each run takes, recipe by recipe; runs beyond those of the recipes come before all others.
        recipes: Recipes.
        variants: Runs of each.
        parallelism: Runs that may be under way at the same time.
    """
    places, count = Places.of(parallelism, recipes, variants), recipes * variants
    first = _ends(hours[count:], parallelism)
    within = [_ends(hours[begin : begin + variants], places.runs) for begin in range(0, count, variants)]
    starts = _starts([max(ends) for ends in within], places.recipes)
    waited = max(first, default=0.0)
    ends = [waited + start + end for start, group in zip(starts, within, strict=True) for end in group]
    at_once = max(places.recipes * places.runs, min(parallelism, len(first)))
    return Queue(max(ends), at_once, (*ends, *first))


def _ends(hours: Sequence[float], places: int) -> list[float]:
    return [start + lasting for start, lasting in zip(_starts(hours, places), hours, strict=True)]


def _starts(hours: Sequence[float], places: int) -> list[float]:
    free, starts = [0.0] * places, []
    for lasting in hours:
        starts.append(heapq.heappop(free))
        heapq.heappush(free, starts[-1] + lasting)
    return starts
