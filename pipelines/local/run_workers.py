"""Processes that take the runs of a study one after the other; one that dies takes its run with it, and no other."""

import contextlib
import io
import multiprocessing
import os
import sys
import tempfile
import time
from collections import deque
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from pathlib import Path
from typing import Any

from rich.console import Console

from inkling.components.shared.runtime import watchdog
from inkling.pipelines.profiles import OPTIONAL, STAGES

_DIED = "its process ended without saying why (was it killed, or out of memory?)"


@dataclass(frozen=True)
class RunTask:
    """A run that is to be done.

    Attributes:
        name: Its labels in a line.
        folder: Where it is run.
        pipeline: The compiled pipeline.
        parameters: What the pipeline is given.
    """

    name: str
    folder: Path
    pipeline: Path
    parameters: Mapping[str, Any]


@dataclass(frozen=True)
class RunOutcome:
    """What became of a run.

    Attributes:
        work: The run.
        seconds: How long it took.
        error: Why it failed; empty where it did not.
    """

    work: RunTask
    seconds: float
    error: str = ""


def finished(
    works: Sequence[RunTask],
    at_once: int,
    shown: bool,
    started: Callable[[RunTask], None] = lambda work: None,
    warm: Collection[str] = (*STAGES, *OPTIONAL),
) -> Iterator[RunOutcome]:
    """Does runs, some at a time, and yields each as it ends; one that fails does not stop the others.

    Args:
        works: The runs, in the order in which they begin.
        at_once: How many are under way at the same time.
        shown: Whether the progress of their stages is drawn on the screen.
        started: Called when a run begins.
        warm: Stages whose frameworks each process imports once.
    """
    waiting, busy = deque(works), dict[Connection, tuple[SpawnProcess, RunTask, float]]()
    idle: list[tuple[SpawnProcess, Connection]] = []
    try:
        while waiting or busy:
            while waiting and len(busy) < at_once:
                work = waiting.popleft()
                process, connection = idle.pop() if idle else _worker(shown, warm, at_once)
                started(work)
                try:
                    connection.send(work)
                except OSError:
                    process.join()
                    yield RunOutcome(work, 0.0, _DIED)
                else:
                    busy[connection] = (process, work, time.monotonic())
            for ended in wait(list(busy)):
                assert isinstance(ended, Connection)
                process, work, began = busy.pop(ended)
                try:
                    error = ended.recv()
                except (EOFError, OSError):
                    process.join()
                    error = _DIED
                else:
                    idle.append((process, ended))
                yield RunOutcome(work, time.monotonic() - began, error)
    finally:
        for process in (*(process for process, _ in idle), *(process for process, _, _ in busy.values())):
            process.terminate()
            process.join()


def _worker(shown: bool, warm: Collection[str], at_once: int) -> tuple[SpawnProcess, Connection]:
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    share = max(len(os.sched_getaffinity(0)) // at_once, 1)
    process = context.Process(target=_serve, args=(there, os.getpid(), tempfile.gettempdir(), shown, warm, share))
    process.start()
    there.close()
    return process, here


def _serve(connection: Connection, runner: int, temporary: str, shown: bool, warm: Collection[str], share: int) -> None:
    """What a worker does: ends with the process that started it, and its tasks with it.

    NumPy's solvers keep to the worker's share of the cores; with all cores to each of two workers, a linear probe took
    18.9 seconds of processor time in place of 1.0. What torch may take is a stage's setting `threads`.
    """
    os.environ.setdefault("OMP_NUM_THREADS", str(share))
    tempfile.tempdir = temporary  # that of the tasks is deep, and the path of a socket has at most 107 bytes
    from inkling.pipelines.local.run import ENVIRONMENT, RunError, execute
    from inkling.pipelines.local.warm import warm_tasks

    os.environ[watchdog.RUNNER_VARIABLE] = str(runner)
    watchdog.end_with_parent()
    os.environ.update(ENVIRONMENT)
    os.environ[watchdog.RUNNER_VARIABLE] = str(os.getpid())
    console = Console(file=sys.stdout if shown else io.StringIO())
    with contextlib.suppress(EOFError), warm_tasks(warm) as tasks:
        while True:
            work: RunTask = connection.recv()
            try:
                execute(work.folder, work.pipeline, work.parameters, {}, console, tasks)
            except RunError as error:
                connection.send(str(error))
            else:
                connection.send("")
