"""What every bench stands on: alternating rounds, medians and ratios, memory of a process tree, tables and figures."""

import json
import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).resolve().parents[2] / ".build" / "bench"
_SAMPLE_SECONDS = 0.05
Row = dict[str, Any]
Moment = tuple[float, float]


def now() -> Moment:
    """Seconds of the clock, and of the processor: the latter do not grow where others use the machine too."""
    return time.perf_counter(), time.process_time()


class StepClock:
    """A meter that notes when each step ended."""

    def __init__(self) -> None:
        self.ends: list[Moment] = []

    def __enter__(self) -> "StepClock":
        return self

    def __exit__(self, *exception: object) -> None:
        pass

    def advance(self, units: float = 1, **figures: float) -> None:
        self.ends.append(now())


@dataclass(frozen=True)
class Rounds:
    """Seconds of each contestant in each round; the first contestant is the one that the others are held against."""

    seconds: dict[str, list[float]]

    def ratio(self, name: str) -> float:
        """Median over the rounds of a contestant's seconds by those of the first."""
        first = next(iter(self.seconds.values()))
        return statistics.median(theirs / ours for ours, theirs in zip(first, self.seconds[name], strict=True))

    def table(self, amount: float, unit: str) -> list[Row]:
        """A row a contestant: median, least and most seconds, throughput, and how much faster the first is."""
        return [
            {
                "who": name,
                "median s": round(statistics.median(taken), 3),
                "least s": round(min(taken), 3),
                "most s": round(max(taken), 3),
                f"{unit}/s": round(amount / statistics.median(taken)),
                "first is faster by": round(self.ratio(name), 2),
            }
            for name, taken in self.seconds.items()
        ]


def rounds(contestants: Mapping[str, Callable[[], object]], count: int) -> Rounds:
    """Runs all contestants once a round, in turn by turn first, after a round that is not counted."""
    names = list(contestants)
    seconds: dict[str, list[float]] = {name: [] for name in names}
    for number in range(count + 1):
        for place in range(len(names)):
            name = names[(place + number) % len(names)]
            start = time.perf_counter()
            contestants[name]()
            if number:
                seconds[name].append(time.perf_counter() - start)
    return Rounds(seconds)


def peak_memory(program: Sequence[str]) -> tuple[float, float]:
    """Runs this bench with arguments of its own in a fresh process.

    Returns:
        Seconds, and the most MB that it and its children held at once, shared pages counted once (PSS).
    """
    import psutil

    start, most = time.perf_counter(), 0
    child = subprocess.Popen([sys.executable, *program], stdout=subprocess.DEVNULL)
    tree = psutil.Process(child.pid)
    while child.poll() is None:
        held = 0
        try:
            for process in [tree, *tree.children(recursive=True)]:
                held += process.memory_full_info().pss
        except psutil.Error:
            continue
        most = max(most, held)
        time.sleep(_SAMPLE_SECONDS)
    if child.returncode:
        raise RuntimeError(f"{' '.join(program)} failed")
    return time.perf_counter() - start, most / 1e6


def report(subject: str, facts: Mapping[str, Any], tables: Mapping[str, list[Row]]) -> None:
    """Prints the tables and writes `.build/bench/<subject>.json`."""
    machine = {"cpus": os.cpu_count(), "load": os.getloadavg()[0], "python": platform.python_version()}
    print(f"\n== {subject} == {'; '.join(f'{name}: {value}' for name, value in {**facts, **machine}.items())}")
    for title, rows in tables.items():
        print(f"\n{title}")
        widths = {name: max(len(name), *(len(f"{row[name]:,}" if isinstance(row[name], int | float) else row[name])
                  for row in rows)) for name in rows[0]}  # fmt: skip
        print("  ".join(name.rjust(width) for name, width in widths.items()))
        for row in rows:
            cells = (f"{row[name]:,}" if isinstance(row[name], int | float) else row[name] for name in widths)
            print("  ".join(cell.rjust(width) for cell, width in zip(cells, widths.values(), strict=True)))
    RESULTS.mkdir(parents=True, exist_ok=True)
    stored = {"subject": subject, "facts": dict(facts), "machine": machine, "tables": dict(tables)}
    (RESULTS / f"{subject}.json").write_text(json.dumps(stored, indent=2) + "\n")
