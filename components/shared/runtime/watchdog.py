"""A stage ends with the run that started it: no orphan goes on computing after the runner was killed.

The local runner puts its process id into `INKLING_RUNNER`, or `stdin` where a stage cannot see its process but holds a
pipe to it. A stage that does work leads a process group of its own, so that its workers end with it, and watches that
process. In a pod the variable is absent and Kubernetes does the same.
"""

import os
import signal
import sys
import threading
import time

RUNNER_VARIABLE, STDIN = "INKLING_RUNNER", "stdin"
_POLL_SECONDS, _GRACE_SECONDS = 0.5, 8.0


def end_with_parent() -> None:
    """Ends this process and its workers soon after the runner is gone: SIGTERM first, SIGKILL after a grace period."""
    runner = os.environ.pop(RUNNER_VARIABLE, None)
    if not runner:
        return
    if os.getpgrp() != os.getpid():
        os.setpgid(0, 0)
    threading.Thread(target=_watch, args=(runner,), daemon=True).start()


def _watch(runner: str) -> None:
    if runner == STDIN:
        while os.read(sys.stdin.fileno(), 1):
            pass
    else:
        while _alive(int(runner)):
            time.sleep(_POLL_SECONDS)
    os.killpg(os.getpgrp(), signal.SIGTERM)
    time.sleep(_GRACE_SECONDS)
    os.killpg(os.getpgrp(), signal.SIGKILL)


def _alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True
