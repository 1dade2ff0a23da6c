"""Results that outlive a kill: a line of JSON a batch, durable before the next is computed."""

import fcntl
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any, Self

from inkling.models.strict_json import to_json


class ResumeLog:
    """An append-only file of results of one task, by key; a context manager.

    The first line says which task the results belong to. A file of another task, as an earlier run with other settings
    may have left at the same place, is begun anew; a line that was only half written when a run was killed is dropped.
    One process at a time has it open; another waits.

    Attributes:
        results: The results so far, those of earlier runs included, by key.
    """

    def __init__(self, path: Path, task: str) -> None:
        """Opens the file and reads what an earlier run of the same task has left.

        Args:
            path: The file; made where there is none.
            task: What determines the results beside their keys, such as a digest of code, settings and inputs.
        """
        self._file = os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT, 0o644), "r+b")
        _lock(self._file, path)
        self.results, valid = _results(self._file.read(), task)
        self._file.truncate(valid)
        self._file.seek(valid)
        if not valid:
            self._write(_line({"task": task}))

    def append(self, results: Mapping[str, Any]) -> None:
        """Adds results (JSON values) by their keys; returns when they are on disk. A kill keeps all of them or none."""
        self._write(_line(dict(results)))
        self.results.update(results)

    def __enter__(self) -> Self:
        """Nothing is left to be done: the file is open."""
        return self

    def __exit__(self, *exception: object) -> None:
        """Closes the file."""
        self._file.close()

    def _write(self, lines: bytes) -> None:
        self._file.write(lines)
        self._file.flush()
        os.fsync(self._file.fileno())


def logged(path: Path, task: str) -> dict[str, Any]:
    """The results of a task that a log holds, which another process may be adding to; none where there is no log."""
    return _results(path.read_bytes(), task)[0] if path.exists() else {}


def _results(content: bytes, task: str) -> tuple[dict[str, Any], int]:
    """The results of a task in the content of a log, and how many bytes of it are whole lines of that task."""
    lines = content.splitlines(keepends=True)
    found: dict[str, Any] = {}
    if not lines or lines[0] != _line({"task": task}):
        return found, 0
    valid = len(lines[0])
    for line in lines[1:]:
        if not line.endswith(b"\n"):
            break
        found.update(json.loads(line))
        valid += len(line)
    return found, valid


def _lock(file: IO[bytes], path: Path) -> None:
    """Holds a file as long as it is open."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        print(f"waiting: another process adds to {path}", flush=True)
        fcntl.flock(file, fcntl.LOCK_EX)


def _line(entry: Any) -> bytes:
    return to_json(entry, separators=(",", ":")).encode() + b"\n"
