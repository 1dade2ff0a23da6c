"""Running the units of a part: each in a forked process, in order of worth, as many as the time allows."""

import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from multiprocessing.connection import wait
from pathlib import Path
from typing import Any

from forks import Failed, Fork, undisturbed
from ledger import Ledger
from unit import Part, Row, Unit

_PATIENCE = 3


@dataclass
class _Running:
    unit: Unit
    fork: Fork
    began: float
    expected: float
    limit: float


class _Pace:
    """How long units take here: those of a named lane as much longer than planned as the others of it did."""

    def __init__(self, units: Sequence[Unit], done: Sequence[Row]) -> None:
        self._units = {unit.name: unit for unit in units}
        self._taken: Counter[str] = Counter()
        self._planned: Counter[str] = Counter()
        for row in done:
            self.note(row)

    def note(self, row: Row) -> None:
        """Learns from a unit that ended."""
        unit = self._units.get(row.unit)
        if unit is not None and unit.lane and not row.failure:
            self._taken[unit.lane] += row.seconds
            self._planned[unit.lane] += unit.seconds

    def expected(self, unit: Unit) -> float:
        """Seconds that a unit will take."""
        planned = self._planned[unit.lane]
        return unit.seconds * (self._taken[unit.lane] / planned if planned else 1.0)


def run_part(
    part: Part,
    units: Sequence[Unit],
    ledger: Ledger,
    logs: Path,
    until: float,
    lanes: Mapping[str, int],
    grace: float,
) -> list[Unit]:
    """Runs what of a part the ledger does not have yet.

    Args:
        part: The part.
        units: Its units, in order of worth.
        ledger: Takes a row for each unit that ends.
        logs: Folder for what the units print, a file a unit.
        until: When to stop, by `time.monotonic`; a unit that would end later is left out, one that runs on is killed.
        lanes: How many units of each lane run beside one another.
        grace: Seconds beyond three times what it should take after which a unit counts as hanging and is killed.

    Returns:
        The units that were left out.
    """
    logs.mkdir(parents=True, exist_ok=True)
    pending = wanted(units, ledger.done(part.name))
    pace = _Pace(units, ledger.of(part.name))
    made = {unit.name for unit in units} - {unit.name for unit in pending}
    running: list[_Running] = []
    left: list[Unit] = []
    try:
        while pending or running:
            while unit := _next(pending, [one.unit for one in running], made, lanes):
                pending.remove(unit)
                now, expected = time.monotonic(), pace.expected(unit)
                if now + expected > until:
                    left.append(unit)
                else:
                    log = logs / f"{unit.name.replace(' ', '-').replace('/', '-')}.log"
                    with undisturbed():
                        fork = Fork(unit.run, log)
                        running.append(_Running(unit, fork, now, expected, now + _PATIENCE * expected + grace))
            if running:
                for row in _ended(part.name, running, until):
                    ledger.append(row)
                    pace.note(row)
                    _say(row)
                    made |= set() if row.failure else {row.unit}
            elif not any(made.issuperset(unit.needs) for unit in pending):
                break  # what is pending needs units that failed or were left out
    finally:
        for one in running:
            one.fork.kill()
    return left + pending


def _next(pending: Sequence[Unit], running: Sequence[Unit], made: set[str], lanes: Mapping[str, int]) -> Unit | None:
    """The first unit that may start now. None overtakes one of its lane that waits for what another lane is making."""
    coming = {unit.name: unit.lane for unit in [*running, *pending] if made.issuperset(unit.needs)}
    held = {lane for lane, most in lanes.items() if sum(unit.lane == lane for unit in running) >= most}
    for unit in pending:
        if unit.lane in held:
            continue
        if made.issuperset(unit.needs):
            return unit
        if any(coming.get(need, unit.lane) != unit.lane for need in unit.needs):
            held.add(unit.lane)
    return None


def wanted(units: Sequence[Unit], done: set[str]) -> list[Unit]:
    """The units that are to run: those not done, and those done whose file is gone and still needed."""
    names = {unit.name for unit in units if unit.name not in done}
    for unit in reversed(units):
        gone = unit.output is not None and not unit.output.exists()
        if gone and any(unit.name in other.needs for other in units if other.name in names):
            names.add(unit.name)
    return [unit for unit in units if unit.name in names]


def _ended(part: str, running: list[_Running], until: float) -> list[Row]:
    """Waits until one of the units ends or hangs, or the time is up; takes out those that are over."""
    first = min(until, *(one.limit for one in running))
    answered = wait([one.fork.answer for one in running], timeout=max(0.0, first - time.monotonic()))
    rows, now = [], time.monotonic()
    for one in list(running):
        figures, failure = {}, ""
        if one.fork.answer in answered:
            try:
                figures = one.fork.result()
            except Failed as error:
                failure = str(error)
        elif now >= until or now >= one.limit:
            one.fork.kill()
            failure = "cut off: " + (
                "the time was up" if now >= until else f"it hung, for it should take {one.expected:.0f} s"
            )
        else:
            continue
        running.remove(one)
        rows.append(Row(part, one.unit.name, round(time.monotonic() - one.began, 2), figures, failure))
    return rows


def _say(row: Row) -> None:
    ended = f"FAILED: {row.failure}" if row.failure else _short(row.figures)
    print(f"  {row.unit:<34}{row.seconds:>7.1f} s  {ended}", flush=True)


def _short(figures: dict[str, Any]) -> str:
    """The figures that are numbers, on a line."""
    numbers = {name: value for name, value in figures.items() if isinstance(value, int | float)}
    return ", ".join(f"{name} {value:,.4g}" for name, value in numbers.items())
