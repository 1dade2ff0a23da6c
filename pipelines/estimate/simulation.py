"""The queue of a study, simulated: which runs are under way when, and how the object store fills."""

import heapq
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self


@dataclass(frozen=True)
class Places:
    """How much of a study is under way at the same time.

    Attributes:
        texts: Iterations of the loop over texts.
        variants: Iterations of the loop over pre-trainings, in each of these.
        ways: Ways to learn to see that a language model takes at the same time, in each of these.
    """

    texts: int
    variants: int
    ways: int = 1

    @classmethod
    def of(cls, parallelism: int, texts: int, variants: int, ways: int = 1) -> Self:
        """The widths that need the fewest rounds, if all runs last as long as each other.

        Args:
            parallelism: Runs that may be under way at the same time.
            texts: Texts of the study.
            variants: Pre-trainings of each.
            ways: Ways to learn to see that each language model takes.
        """

        def rounds(width: int) -> int:
            return -(-variants // width) * -(-texts // min(texts, parallelism // width))

        width = min(range(1, min(parallelism, variants) + 1), key=rounds)
        outer = min(texts, parallelism // width)
        return cls(outer, width, min(ways, parallelism // (outer * width)))


@dataclass(frozen=True)
class Queue:
    """What a study takes of a cluster over time.

    Attributes:
        hours: From the first start to the last end.
        at_once: Most runs under way at the same time; each has one pod of a stage at a time.
        ends: Hour at which each pre-training and all that follows it ends, in their order.
    """

    hours: float
    at_once: int
    ends: tuple[float, ...]

    def finished(self, hour: float) -> list[int]:
        """Numbers of the pre-trainings that have ended by an hour."""
        return [number for number, end in enumerate(self.ends) if end <= hour]


def simulate(hours: Sequence[float], texts: int, variants: int, parallelism: int, ways: int = 1) -> Queue:
    """Lets texts, and the pre-trainings of each, start in order, each as soon as one of its loop's places is free.

    Args:
        hours: How long each pre-training with all that follows it takes, text by text; those beyond the texts come
            before all others.
        texts: Texts.
        variants: Pre-trainings of each.
        parallelism: Runs that may be under way at the same time.
        ways: Ways to learn to see that each language model takes.
    """
    places, count = Places.of(parallelism, texts, variants, ways), texts * variants
    first = _ends(hours[count:], parallelism)
    within = [_ends(hours[begin : begin + variants], places.variants) for begin in range(0, count, variants)]
    starts = _starts([max(ends) for ends in within], places.texts)
    waited = max(first, default=0.0)
    ends = [waited + start + end for start, group in zip(starts, within, strict=True) for end in group]
    at_once = max(places.texts * places.variants, min(parallelism, len(first))) * places.ways
    return Queue(max(ends), min(at_once, parallelism), (*ends, *first))


def _ends(hours: Sequence[float], places: int) -> list[float]:
    return [start + lasting for start, lasting in zip(_starts(hours, places), hours, strict=True)]


def _starts(hours: Sequence[float], places: int) -> list[float]:
    free, starts = [0.0] * places, []
    for lasting in hours:
        starts.append(heapq.heappop(free))
        heapq.heappush(free, starts[-1] + lasting)
    return starts
