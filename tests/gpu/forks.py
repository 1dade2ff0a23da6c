"""Functions run in processes of their own, forked before CUDA is touched, with environment variables of their own."""

import ctypes
import json
import multiprocessing
import os
import signal
import sys
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from multiprocessing.connection import Connection
from multiprocessing.context import ForkProcess
from pathlib import Path
from typing import Any

_FORK = multiprocessing.get_context("fork")
_LIBC, _PR_SET_PDEATHSIG = ctypes.CDLL(None), 1
_CUTS = (signal.SIGINT, signal.SIGTERM)


class Failed(RuntimeError):
    """What went wrong in a forked process, in a line."""


class Fork:
    """A function under way in a process group of its own, which dies with all that it started, and with its starter."""

    def __init__(
        self, run: Callable[[], Any], log: Path | None = None, environment: Mapping[str, str] | None = None
    ) -> None:
        """Starts it.

        Args:
            run: Returns JSON values.
            log: Takes what it prints, if it is not to go where this process prints.
            environment: Variables that are other than this process's.
        """
        self.answer, sending = _FORK.Pipe(duplex=False)
        self._process: ForkProcess = _FORK.Process(
            target=_work, args=(run, sending, log, environment or {}, os.getpid())
        )
        self._process.start()
        sending.close()

    @property
    def pid(self) -> int:
        """Of the process, and of its group."""
        assert self._process.pid is not None
        return self._process.pid

    def result(self) -> Any:
        """Waits for what the function returns.

        Raises:
            Failed: If it raised, or its process died.
        """
        try:
            sent = json.loads(self.answer.recv_bytes())
        except EOFError:
            self._process.join()
            raise Failed(f"its process ended with status {self._process.exitcode}") from None
        self._process.join(5)
        self.kill()
        if "failure" in sent:
            raise Failed(sent["failure"])
        return sent["result"]

    def kill(self) -> None:
        """Ends the process and all that it started, at once."""
        try:
            os.killpg(self.pid, 9)
        except ProcessLookupError:
            self._process.kill()
        self._process.join()


def forked(run: Callable[[], Any], **environment: str) -> Any:
    """What a function returns in a process of its own; raises `Failed` if it raises there."""
    return Fork(run, environment=environment).result()


@contextmanager
def undisturbed() -> Iterator[None]:
    """Puts off the signals that cut a run off: Python loses what is raised at the moment of a fork."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _CUTS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def end_with(parent: int) -> None:
    """Has this process killed once the one that started it is gone, however that ended: no orphan keeps the GPU."""
    _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os.kill(os.getpid(), signal.SIGKILL)


def _work(
    run: Callable[[], Any], answer: Connection, log: Path | None, environment: Mapping[str, str], parent: int
) -> None:
    os.setpgrp()
    end_with(parent)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _CUTS)
    os.environ.update(environment)
    try:
        if log is not None:
            with log.open("w") as file:
                os.dup2(file.fileno(), sys.stdout.fileno())
                os.dup2(file.fileno(), sys.stderr.fileno())
        sent = {"result": run()}
    except BaseException as error:
        with suppress(OSError):  # the disk of the log may be full
            traceback.print_exc()
            sys.stderr.flush()
        words = str(error).strip().splitlines() or [""]
        sent = {"failure": f"{type(error).__name__}: {words[0][:300]}"}
    answer.send_bytes(json.dumps(sent).encode())
    with suppress(OSError):
        sys.stdout.flush()
