"""Watches a loop that trains: when each step ended, when to stop, and where the time of a step goes."""

import itertools
import time
from typing import Any

from parts.kernels import shares

_FEWEST_STEPS, _PROFILED_STEPS = 3, 3


class Enough(Exception):
    """Raised at the end of the step after which a loop has been measured for long enough."""


class Clock:
    """A meter that notes when each step ended, and ends the training once it has seen enough.

    Who calls it has read the step's loss after the update, so a GPU has done all that the step asked for.
    """

    def __init__(self, warm: int, seconds: float, profiled: bool = False) -> None:
        """Takes the steps that do not count, for how many seconds those that do go on, and whether to profile more."""
        self._warm, self._seconds, self._profiled = warm, seconds, profiled
        self._profile: Any = None
        self._under_profile: list[float] = []
        self.ends: list[float] = []
        self.losses: list[float] = []

    def __enter__(self) -> "Clock":
        return self

    def __exit__(self, *exception: object) -> None:
        pass

    def advance(self, units: float = 1, **figures: float) -> None:
        """Notes the end of a step; raises `Enough` after the last one."""
        if self._profile is not None:
            self._under_profile.append(time.perf_counter())
            if len(self._under_profile) > _PROFILED_STEPS:
                self._profile.stop()
                raise Enough
            return
        self.ends.append(time.perf_counter())
        self.losses.append(figures["loss"])
        counted = len(self.ends) - self._warm
        if counted > _FEWEST_STEPS and self.ends[-1] - self.ends[self._warm - 1] > self._seconds:
            if not self._profiled:
                raise Enough
            self._start_profile()

    def _start_profile(self) -> None:
        import torch

        self._profile = torch.profiler.profile()
        self._profile.start()
        self._under_profile.append(time.perf_counter())

    @property
    def spent(self) -> dict[str, float]:
        """Shares of the time of a step by what the device did in it; empty if nothing was profiled."""
        if self._profile is None:
            return {}
        whole = 1e6 * (self._under_profile[-1] - self._under_profile[0])
        return shares(self._profile.key_averages(), whole)

    @property
    def steps(self) -> list[float]:
        """Seconds of each step that counts."""
        ends = self.ends[self._warm - 1 :]
        return [end - begin for begin, end in itertools.pairwise(ends)]
