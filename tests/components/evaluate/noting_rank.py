"""Stands in for the rank module: notes its number at each batch; rank 1 is killed in the batch `KILLED_BATCH`."""

import os
import signal
from pathlib import Path

from inkling.components.evaluate import rank, scoring

_ASK, _batches = scoring.ask, 0


def _noting(method, model, members, view):
    global _batches
    if len(members) > 1:  # else it finds out whether the longest fits
        _batches += 1
        if os.environ["RANK"] == "1" and str(_batches) == os.environ.get("KILLED_BATCH"):
            os.kill(os.getpid(), signal.SIGKILL)
        with Path(os.environ["NOTED"]).open("a") as file:
            file.write(os.environ["RANK"] + "\n")
    return _ASK(method, model, members, view)


if __name__ == "__main__":
    scoring.ask = _noting
    rank.main()
