"""What was asked and answered, as numbers without a word or a pixel of it: Parquet files that rotate within a limit.

`inkling monitor` compares them with the questions of the evaluation. A file appears whole; rows that wait for the next
one are lost where the server is killed outright, not where it ends on SIGTERM.
"""

import os
import threading
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

_ROWS, _SECONDS = 1_000, 60.0
"""A file is written when so many rows wait, or the first of them has waited so long."""


@dataclass(frozen=True)
class LoggedAnswer:
    """An answer that was given.

    Attributes:
        time: When, in seconds since 1970.
        view: visual or blind.
        protocol: v1, v2, grpc or openai.
        choices: Choices that it was taken from; 0 where it was generated.
        probability: Softmax share of the choice taken; None where it was generated.
        prompt_tokens: Tokens of the prompt, without those of the image.
        answer_tokens: Tokens of the answer; 0 for an empty one.
        brightness: Mean of the image's values as the encoder takes them; None without an image, and for one that was
            kept from an earlier request.
        contrast: Their standard deviation.
    """

    time: float
    view: str
    protocol: str
    choices: int
    probability: float | None
    prompt_tokens: int
    answer_tokens: int
    brightness: float | None = None
    contrast: float | None = None


class RequestLog:
    """A folder of Parquet files; rows are appended from any thread and written beside the requests."""

    def __init__(self, folder: Path, max_bytes: int) -> None:
        """Makes the folder.

        Args:
            folder: Where the files lie.
            max_bytes: Of all files together; the oldest are removed beyond it.

        Raises:
            OSError: If the folder cannot be made or written to.
        """
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f".writable-{os.getpid()}").touch()
        (folder / f".writable-{os.getpid()}").unlink()
        self._folder, self._max_bytes = folder, max_bytes
        self._rows: list[LoggedAnswer] = []
        self._lock, self._due, self._ended = threading.Lock(), threading.Event(), threading.Event()
        self._files = 0
        self._writer = threading.Thread(target=self._write_on, name="request log", daemon=True)
        self._writer.start()

    def append(self, row: LoggedAnswer) -> None:
        """Adds a row, from any thread; returns at once."""
        with self._lock:
            self._rows.append(row)
            if len(self._rows) >= _ROWS:
                self._due.set()

    def close(self) -> None:
        """Writes what waits."""
        self._ended.set()
        self._due.set()
        self._writer.join()

    def _write_on(self) -> None:
        while not self._ended.is_set():
            self._due.wait(_SECONDS)
            self._due.clear()
            with self._lock:
                rows, self._rows = self._rows, []
            if rows:
                self._write(rows)

    def _write(self, rows: list[LoggedAnswer]) -> None:
        import pyarrow as pa
        from pyarrow import parquet

        self._files += 1
        moment = datetime.fromtimestamp(rows[0].time, UTC).strftime("%Y%m%dT%H%M%S")
        path = self._folder / f"requests-{moment}-{os.getpid()}-{self._files:06d}.parquet"
        partial = path.with_suffix(".partial")
        try:
            parquet.write_table(pa.Table.from_pylist([asdict(row) for row in rows], _schema()), partial)
            partial.replace(path)
            self._rotate()
        except OSError as error:  # a full disk is no reason to answer nobody
            partial.unlink(missing_ok=True)
            print(f"the request log lost {len(rows)} rows: {error}", flush=True)

    def _rotate(self) -> None:
        files = logged_files(self._folder)
        sizes = [path.stat().st_size for path in files]
        while len(files) > 1 and sum(sizes) > self._max_bytes:
            files.pop(0).unlink(missing_ok=True)
            sizes.pop(0)


def logged_files(folder: Path) -> list[Path]:
    """The files of a log, the oldest first."""
    return sorted(folder.glob("requests-*.parquet"))


def read_log(folder: Path, since: float = 0.0) -> Iterator[dict[str, Any]]:
    """The rows of a log, file by file.

    Args:
        folder: Where the files lie.
        since: Rows before this time are left out, in seconds since 1970.

    Raises:
        ValueError: If a file is no Parquet file of such rows.
    """
    import pyarrow as pa
    from pyarrow import parquet

    for path in logged_files(folder):
        try:
            rows = parquet.read_table(path, schema=_schema()).to_pylist()
        except (pa.ArrowInvalid, pa.ArrowTypeError) as error:
            raise ValueError(f"{path} is no file of a request log: {error}") from None
        yield from (row for row in rows if row["time"] >= since)


def look(pixels: NDArray[np.float32]) -> tuple[float, float]:
    """Brightness and contrast of an image: mean and standard deviation of its pixels (3, height, width)."""
    return float(pixels.mean()), float(pixels.std())


def now() -> float:
    """Seconds since 1970."""
    return time.time()


def _schema() -> Any:
    import pyarrow as pa

    kinds = {float: pa.float64(), int: pa.int64(), str: pa.string(), float | None: pa.float64()}
    return pa.schema([(field.name, kinds[field.type]) for field in fields(LoggedAnswer)])  # type: ignore[index]
