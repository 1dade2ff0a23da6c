"""Running the units of a part: each in a forked process, in order of worth, as many as the time allows."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from multiprocessing.connection import wait
from pathlib import Path
from typing import Any

from forks import Failed, Fork
from ledger import Ledger
from unit import Part, Row, Unit


@dataclass
class _Running:
    unit: Unit
    fork: Fork
    began: float


def run_part(part: Part, units: Sequence[Unit], ledger: Ledger, logs: Path, until: float, places: int) -> list[Unit]:
    """Runs what of a part the ledger does not have yet.

    Args:
        part: The part.
        units: Its units, in order of worth.
        ledger: Takes a row for each unit that ends.
        logs: Folder for what the units print, a file a unit.
        until: When to stop, by `time.monotonic`; a unit that would end later is left out, one that runs on is killed.
        places: How many units of one place may run beside one another.

    Returns:
        The units that were left out.
    """
    logs.mkdir(parents=True, exist_ok=True)
    pending = wanted(units, ledger.done(part.name))
    made = {unit.name for unit in units} - {unit.name for unit in pending}
    running: list[_Running] = []
    left: list[Unit] = []
    try:
        while pending or running:
            for unit in [unit for unit in pending if made.issuperset(unit.needs)]:
                taken = sum(one.unit.places for one in running)
                if running and taken + unit.places > places:
                    continue
                pending.remove(unit)
                if time.monotonic() + unit.seconds > until:
                    left.append(unit)
                else:
                    fork = Fork(unit.run, logs / f"{unit.name.replace(' ', '-').replace('/', '-')}.log")
                    running.append(_Running(unit, fork, time.monotonic()))
            if running:
                for row in _ended(part.name, running, until):
                    ledger.append(row)
                    _say(row)
                    made |= set() if row.failure else {row.unit}
            elif not any(made.issuperset(unit.needs) for unit in pending):
                break  # what is pending needs units that failed or were left out
    finally:
        for one in running:
            one.fork.kill()
    return left + pending


def wanted(units: Sequence[Unit], done: set[str]) -> list[Unit]:
    """The units that are to run: those not done, and those done whose file is gone and still needed."""
    names = {unit.name for unit in units if unit.name not in done}
    for unit in reversed(units):
        gone = unit.output is not None and not unit.output.exists()
        if gone and any(unit.name in other.needs for other in units if other.name in names):
            names.add(unit.name)
    return [unit for unit in units if unit.name in names]


def _ended(part: str, running: list[_Running], until: float) -> list[Row]:
    """Waits until one of the units ends, or the time is up; takes out those that are over."""
    answered = wait([one.fork.answer for one in running], timeout=max(0.0, until - time.monotonic()))
    rows = []
    for one in list(running):
        figures, failure = {}, ""
        if one.fork.answer in answered:
            try:
                figures = one.fork.result()
            except Failed as error:
                failure = str(error)
        elif not answered:
            one.fork.kill()
            failure = "cut off: the time was up"
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
