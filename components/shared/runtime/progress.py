"""Progress of a stage: how far, how fast, how long still; readable lines in a pod's log, events for a local run.

A stage knows nothing of terminals. It reports what it is doing; with `INKLING_PROGRESS=events` each report is one line
of JSON behind a marker, which a local run turns into bars, otherwise a plain line at most every few seconds.
"""

import math
import os
import sys
import time
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field
from typing import Self, TypeVar

from inkling.components.shared.text import printable
from inkling.models.strict_json import to_json

MODE_VARIABLE = "INKLING_PROGRESS"
EVENT_MARKER = "@progress "
_EVENT_SECONDS, _LINE_SECONDS = 0.5, 5.0
_SAMPLE = 0.01  # share of the work that must be done before its speed means anything
T = TypeVar("T")


@dataclass(frozen=True)
class ProgressReport:
    """One statement of progress.

    Attributes:
        label: What is being done.
        done: Units done so far, those of an earlier, interrupted run included.
        total: Units in all.
        unit: Plural name of the unit.
        seconds_left: Estimate from the speed of this run; None until there is one.
        figures: Further numbers worth seeing, such as the loss.
    """

    label: str
    done: float
    total: float
    unit: str
    seconds_left: float | None
    figures: dict[str, float] = field(default_factory=dict)

    def line(self) -> str:
        """The report as a line for a person."""
        share = self.done / self.total if self.total else 1.0
        left = "" if self.seconds_left is None else f"  {clock(self.seconds_left)} left"
        figures = "".join(f"  {name} {value:.4g}" for name, value in self.figures.items())
        return f"{self.label}: {self.done:,.0f} of {self.total:,.0f} {self.unit} ({share:.0%}){left}{figures}"


class Progress:
    """Reports the progress of one piece of work; a context manager.

    Example:
        with Progress("rendering", total=len(scenes), unit="scenes") as progress:
            for scene in scenes:
                render(scene)
                progress.advance()
    """

    def __init__(self, label: str, total: float, unit: str, done: float = 0) -> None:
        """Starts the clock.

        Args:
            label: What is being done.
            total: Units in all.
            unit: Plural name of the unit.
            done: Units that an earlier, interrupted run has done already.
        """
        self._label, self._total, self._unit = label, total, unit
        self._first = self._done = done
        self._figures: dict[str, float] = {}
        self._events = os.environ.get(MODE_VARIABLE) == "events"
        self._interval = _EVENT_SECONDS if self._events else _LINE_SECONDS
        self._started = self._reported = time.monotonic()

    def __enter__(self) -> Self:
        """Reports that the work begins, where a watcher draws bars."""
        if self._events:
            self._report()
        return self

    def __exit__(self, *exception: object) -> None:
        """Reports how the work ended, where a watcher draws bars or it took long enough to have been reported."""
        if self._events or time.monotonic() - self._started > self._interval:
            self._report()

    def advance(self, units: float = 1, **figures: float) -> None:
        """Counts work that is done, and reports it if the last report is old enough."""
        self._done += units
        self._figures.update(figures)
        if time.monotonic() - self._reported >= self._interval:
            self._report()

    def _report(self) -> None:
        self._reported = time.monotonic()
        fresh, remaining = self._done - self._first, self._total - self._done
        known = fresh > 0 and fresh >= _SAMPLE * (fresh + remaining)
        left = remaining * (self._reported - self._started) / fresh if known else None
        figures = {name: value for name, value in self._figures.items() if math.isfinite(value)}
        report = ProgressReport(self._label, self._done, self._total, self._unit, left, figures)
        print(EVENT_MARKER + to_json(asdict(report)) if self._events else report.line(), flush=True)


def track(items: Iterable[T], label: str, total: int, unit: str) -> Iterator[T]:
    """Yields the items and reports how many were passed on."""
    with Progress(label, total, unit) as progress:
        for item in items:
            yield item
            progress.advance()


def note(message: str) -> None:
    """Logs a line of a stage."""
    print(printable(message), file=sys.stdout, flush=True)


def clock(seconds: float) -> str:
    """Seconds as `m:ss`."""
    return f"{int(seconds) // 60}:{int(seconds) % 60:02d}"
