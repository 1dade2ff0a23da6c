"""Functions run in processes of their own, forked before CUDA is touched, with environment variables of their own."""

import json
import multiprocessing
import os
import sys
import traceback
from collections.abc import Callable, Mapping
from multiprocessing.connection import Connection
from multiprocessing.context import ForkProcess
from pathlib import Path
from typing import Any

_FORK = multiprocessing.get_context("fork")


class Failed(RuntimeError):
    """What went wrong in a forked process, in a line."""


class Fork:
    """A function under way in a process group of its own, which dies with all that it started."""

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
        self._process: ForkProcess = _FORK.Process(target=_work, args=(run, sending, log, environment or {}))
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


def _work(run: Callable[[], Any], answer: Connection, log: Path | None, environment: Mapping[str, str]) -> None:
    os.setpgrp()
    os.environ.update(environment)
    if log is not None:
        with log.open("w") as file:
            os.dup2(file.fileno(), sys.stdout.fileno())
            os.dup2(file.fileno(), sys.stderr.fileno())
    try:
        sent = {"result": run()}
    except BaseException as error:
        traceback.print_exc()
        words = str(error).strip().splitlines() or [""]
        sent = {"failure": f"{type(error).__name__}: {words[0][:300]}"}
    sys.stdout.flush()
    answer.send_bytes(json.dumps(sent).encode())
