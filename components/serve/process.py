"""A server in a process of its own, on a free port of this machine."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from inkling.components.serve.names import HOST
from inkling.components.serve.server import SERVING
from inkling.components.shared.runtime.watchdog import RUNNER_VARIABLE

_START_SECONDS, _STOP_SECONDS, _POLL_SECONDS = 90.0, 40.0, 0.05
_TAIL = 2_000


class ServerFailed(RuntimeError):
    """A server that did not start or did not end well; the message holds the end of its log."""


@contextmanager
def running_server(bundle: Path, log: Path, *options: str) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """Runs a server and ends it with SIGTERM.

    Args:
        bundle: The Bundle artifact.
        log: File for its output.
        *options: Further options of the command line.

    Yields:
        Its address, and the process.

    Raises:
        ServerFailed: If it does not start, or does not end cleanly.
    """
    command = [
        sys.executable,
        "-m",
        "inkling.components.serve.server",
        "--bundle",
        str(bundle),
        "--host",
        HOST,
        "--port",
        "0",
    ]
    with log.open("wb") as output:
        process = subprocess.Popen([*command, *options], stdout=output, stderr=subprocess.STDOUT, env=_environment())
        try:
            yield _address(process, log), process
            process.terminate()
            if process.wait(_STOP_SECONDS):
                raise ServerFailed(f"the server ended with status {process.returncode}:\n{_tail(log)}")
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()


def _environment() -> dict[str, str]:
    """The server ends with this process, should it be killed."""
    return {**os.environ, "PYTHONUNBUFFERED": "1", RUNNER_VARIABLE: str(os.getpid())}


def _address(process: subprocess.Popen[bytes], log: Path) -> str:
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline:
        lines = log.read_text(errors="replace").splitlines(keepends=True)
        ready = [line for line in lines if line.startswith(SERVING) and line.endswith("\n")]
        if ready:
            return next(word for word in ready[0].split() if word.startswith("http://"))
        if process.poll() is not None:
            raise ServerFailed(f"the server did not start:\n{_tail(log)}")
        time.sleep(_POLL_SECONDS)
    raise ServerFailed(f"the server was not ready within {_START_SECONDS:.0f} s:\n{_tail(log)}")


def _tail(log: Path) -> str:
    return log.read_text(errors="replace")[-_TAIL:].strip()
