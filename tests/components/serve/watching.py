"""A server's memory, and how long it is silent, while something is done to it."""

import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from http.client import HTTPConnection
from pathlib import Path


class Memory:
    """The resident memory of a process."""

    def __init__(self, pid: int) -> None:
        self._at = Path(f"/proc/{pid}")

    def now(self) -> int:
        """Bytes that it has."""
        return self._read("VmRSS")

    def forget_peak(self) -> None:
        """Lets the peak begin anew."""
        (self._at / "clear_refs").write_text("5")

    def peak(self) -> int:
        """Bytes that it had at most."""
        return self._read("VmHWM")

    def _read(self, key: str) -> int:
        lines = (self._at / "status").read_text().splitlines()
        return int(next(line for line in lines if line.startswith(key)).split()[1]) * 1024


@contextmanager
def health_watched(url: str) -> Iterator[list[float]]:
    """Asks for health all the time; gives the seconds that each answer took, all of them at the end of the block."""
    seconds: list[float] = []
    begun, over = threading.Event(), threading.Event()

    def watch() -> None:
        with closing(HTTPConnection(url.removeprefix("http://"), timeout=60)) as connection:
            while not over.is_set():
                started = time.perf_counter()
                connection.request("GET", "/v2/health/live")
                assert b"true" in connection.getresponse().read()
                seconds.append(time.perf_counter() - started)
                begun.set()
                time.sleep(0.01)

    thread = threading.Thread(target=watch)
    thread.start()
    begun.wait(60)
    try:
        yield seconds
    finally:
        over.set()
        thread.join()
