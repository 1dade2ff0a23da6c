"""Which rank failed first, and its own words: torchrun's report of failed ranks, read out of the log.

When one rank dies, the others fail in its wake: their collectives break. torchrun counts time in whole seconds, so its
own root cause can be such a follower. A rank killed by a signal left no exception and is always a cause; among
exceptions, the first error file that was written is.
"""

import re
import signal
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

_ENTRY = re.compile(
    r"^\[\d+\]:\n\s+time\s+: .*\n\s+host\s+: .*\n\s+rank\s+: (\d+) .*\n\s+exitcode\s+: (-?\d+) .*\n"
    r"\s+error_file: (.*)\n\s+traceback : (.*(?:\n(?!\[\d+\]:|[-=]{8,}).*)*)",
    re.MULTILINE,
)
_NO_FILE = "<N/A>"


class RankError(RuntimeError):
    """Ranks that failed; the message names the first and ends with its own traceback."""


@dataclass(frozen=True)
class Failure:
    """A rank that ended badly.

    Attributes:
        rank: Its number.
        exit_code: Its exit code; negative where a signal ended it.
        error_file: Where it wrote its exception, maybe on another machine; None if it wrote none.
        words: Its traceback, or the signal.
    """

    rank: int
    exit_code: int
    error_file: Path | None
    words: str

    def __str__(self) -> str:
        """Who failed, and how."""
        code = signal.Signals(-self.exit_code).name if self.exit_code < 0 else f"exit code {self.exit_code}"
        return f"rank {self.rank} failed ({code})"


def failures_in(lines: Iterable[str]) -> list[Failure]:
    """The ranks that torchrun's reports in a log name, each once."""
    found: dict[int, Failure] = {}
    for rank, code, error_file, words in _ENTRY.findall("\n".join(lines)):
        plain = "\n".join(line.removeprefix("  ") for line in words.rstrip().splitlines())
        file = None if error_file == _NO_FILE else Path(error_file)
        found.setdefault(int(rank), Failure(int(rank), int(code), file, plain))
    return list(found.values())


def first_failure(failures: Iterable[Failure]) -> Failure | None:
    """The rank that failed before the others; None where no rank is to blame."""
    return min(failures, key=_order, default=None)


def _order(failure: Failure) -> tuple[int, float, bool, int]:
    """Killed without an error file, then those that raised by the time of their files, then the terminated ones."""
    terminated = failure.exit_code == -signal.SIGTERM
    file = failure.error_file
    written = file.stat().st_mtime_ns if file and file.is_file() else float("inf")
    return (2 if terminated else 0) if failure.exit_code < 0 and file is None else 1, written, terminated, failure.rank
