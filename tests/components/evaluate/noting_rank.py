"""Stands in for the rank module: notes its number at each batch; rank 1 is killed in the batch `KILLED_BATCH`.

With `PAUSE` it waits so many seconds before each batch, and stores its logs ten times as often.
"""

import os
import signal
import time
from pathlib import Path

from inkling.components.evaluate import rank, scoring
from inkling.components.shared.launch import exchange

_ASK, _batches = scoring.ask, 0
_PAUSE = float(os.environ.get("PAUSE", 0))


def _noting(method, model, members, view):
    global _batches
    if len(members) > 1:  # else it finds out whether the longest fits
        _batches += 1
        if os.environ["RANK"] == "1" and str(_batches) == os.environ.get("KILLED_BATCH"):
            os.kill(os.getpid(), signal.SIGKILL)
        time.sleep(_PAUSE)
        with Path(os.environ["NOTED"]).open("a") as file:
            file.write(os.environ["RANK"] + "\n")
    return _ASK(method, model, members, view)


if __name__ == "__main__":
    scoring.ask = _noting
    exchange.GROWN_SECONDS = _PAUSE / 10 or exchange.GROWN_SECONDS
    rank.main()
