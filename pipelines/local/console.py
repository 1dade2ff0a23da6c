"""What a person sees of a local run: a bar a task with the time left; everything else goes to the run's log."""

import io
import json
import re
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn

from inkling.components.shared.runtime.progress import EVENT_MARKER, ProgressReport, clock

_STARTED = re.compile(r"Executing task '([^']+)'")
_FINISHED = re.compile(r"Task '([^']+)' finished with status (\w+)")
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
_ERROR = re.compile(r"^(?:[A-Za-z_][\w.]*\.)?([A-Z]\w*(?:Error|Exception|Interrupt|Exit)): ", re.MULTILINE)
_LINE_SECONDS = 5.0


class RunConsole(io.TextIOBase):
    """A text stream that the runner prints to: it logs every line and shows the progress in it.

    Attributes:
        seconds: Wall time of each finished task, by name.
    """

    def __init__(self, labels: Mapping[str, str], log: Path, console: Console) -> None:
        """Opens the log.

        Args:
            labels: Name for a person of each task, by its name in the IR.
            log: File that takes every line.
            console: Where a person looks.
        """
        self.seconds: dict[str, float] = {}
        self._labels, self._console = labels, console
        self._log = log.open("a", buffering=1)
        self._partial = ""
        self._began = self._said = 0.0
        self._bars = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=28),
            TextColumn("{task.percentage:>3.0f}%  {task.fields[detail]}"),
            console=console,
            disable=not console.is_terminal,
        )
        self._bar: TaskID | None = None

    def __enter__(self) -> Self:
        """Begins to draw."""
        self._bars.start()
        return self

    def __exit__(self, *exception: object) -> None:
        """Ends the drawing and closes the log."""
        self._bars.stop()
        self._log.close()

    def writable(self) -> bool:
        """This stream takes text."""
        return True

    def write(self, text: str) -> int:
        """Takes text of any length and handles it line by line."""
        *lines, self._partial = (self._partial + text).split("\n")
        for line in lines:
            self._handle(_COLOUR.sub("", line))
        return len(text)

    def _handle(self, line: str) -> None:
        stripped = line.strip()
        if stripped.startswith(EVENT_MARKER):
            self._show(ProgressReport(**json.loads(stripped.removeprefix(EVENT_MARKER))))
            return
        self._log.write(line + "\n")
        if match := _STARTED.search(line):
            self._start(match[1])
        elif match := _FINISHED.search(line):
            self._finish(match[1], match[2])

    def _start(self, task: str) -> None:
        self._began = time.monotonic()
        self._bar = self._bars.add_task(self._label(task), total=None, detail="")
        if self._bars.disable:
            self._say(f"{self._label(task)} ...")

    def _show(self, report: ProgressReport) -> None:
        left = "" if report.seconds_left is None else f"{clock(report.seconds_left)} left"
        figures = "  ".join(f"{name} {value:.4g}" for name, value in report.figures.items())
        detail = "  ".join(part for part in (report.label, left, figures) if part)
        if self._bar is not None:
            self._bars.update(self._bar, total=report.total or 1, completed=report.done, detail=detail)
        if self._bars.disable and time.monotonic() - self._said >= _LINE_SECONDS:
            self._said = time.monotonic()
            self._say(f"  {report.line()}")

    def _finish(self, task: str, status: str) -> None:
        self.seconds[task] = time.monotonic() - self._began
        outcome = "done" if status == "SUCCESS" else "FAILED"
        text = f"{outcome} in {clock(self.seconds[task])}"
        if self._bar is not None:
            self._bars.update(self._bar, total=1, completed=1 if status == "SUCCESS" else 0, detail=text)
        if self._bars.disable:
            self._say(f"{self._label(task)} {text}")

    def _say(self, line: str) -> None:
        self._console.print(line, highlight=False, markup=False, soft_wrap=True)

    def _label(self, task: str) -> str:
        return f"{self._labels.get(task, task):<24}"


def last_error(log: Path) -> str:
    """The message of the last exception in a run's log: what a person needs to read first."""
    text = "\n".join(line.removeprefix("    ") for line in log.read_text().splitlines())
    errors = [match for match in _ERROR.finditer(text) if "kfp" not in match[0]]
    if not errors:
        return "the stage ended without saying why (was it killed, or out of memory?)"
    last = errors[-1]
    message = text[last.end() :].split("\n\n")[0].strip()
    return f"{last[1]}: {message}"
