"""Results that outlive a kill: one line of JSON each, durable before the next is computed."""

import json
import os
from pathlib import Path
from typing import Any, Self

from inkling.models.strict_json import to_json


class ResumeLog:
    """An append-only file of results of one task; a context manager.

    The first line says which task the results belong to. A file of another task, as an earlier run with other settings
    may have left at the same place, is begun anew; a line that was only half written when a run was killed is dropped.

    Attributes:
        entries: The results so far, those of earlier runs included, in the order in which they were appended.
    """

    def __init__(self, path: Path, task: str) -> None:
        """Opens the file and reads what an earlier run of the same task has left.

        Args:
            path: The file; made where there is none.
            task: What determines the results, such as a digest of code, settings and inputs.
        """
        header = _line({"task": task})
        lines = path.read_bytes().splitlines(keepends=True) if path.exists() else []
        self.entries: list[Any] = []
        valid = 0
        if lines and lines[0] == header:
            valid = len(header)
            for line in lines[1:]:
                if not line.endswith(b"\n"):
                    break
                self.entries.append(json.loads(line))
                valid += len(line)
        self._file = path.open("r+b" if path.exists() else "w+b")
        self._file.truncate(valid)
        self._file.seek(valid)
        if not valid:
            self._write(header)

    def append(self, entry: Any) -> None:
        """Adds a result (a JSON value) and returns when it is on disk."""
        self._write(_line(entry))
        self.entries.append(entry)

    def __enter__(self) -> Self:
        """Nothing is left to be done: the file is open."""
        return self

    def __exit__(self, *exception: object) -> None:
        """Closes the file."""
        self._file.close()

    def _write(self, line: bytes) -> None:
        self._file.write(line)
        self._file.flush()
        os.fsync(self._file.fileno())


def _line(entry: Any) -> bytes:
    return to_json(entry, separators=(",", ":")).encode() + b"\n"
