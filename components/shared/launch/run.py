"""Starting a job, forwarding its ranks' logs, and ending it: with its last rank, its first failure, or this process."""

import signal
import threading
from collections import defaultdict, deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from types import FrameType
from typing import Literal

from torchx.runner import Runner, get_runner
from torchx.specs import AppState
from torchx.specs.api import is_started, is_terminal

from inkling.components.shared.launch.app import app_definition, rank_of
from inkling.components.shared.launch.failure import RankError, failures_in, first_failure
from inkling.components.shared.launch.job import Job
from inkling.components.shared.launch.volcano import equip

Say = Callable[[int | None, str], None]
"""Takes a line of the log and the rank that wrote it; None for torchrun itself."""
Scheduler = Literal["local_cwd", "kubernetes"]
_POLL_SECONDS = 0.2
_LINES_KEPT = 400
_TERMINATED = 128 + signal.SIGTERM


def run_job(job: Job, scheduler: Scheduler, options: Mapping[str, str], say: Say) -> None:
    """Runs a job to its end.

    Args:
        job: What runs where.
        scheduler: TorchX's scheduler: `local_cwd` on this machine, `kubernetes` (Volcano) on a cluster.
        options: The scheduler's own options, as `scheduler_options` of `volcano` gives them; none on this machine.
        say: Takes each line that a rank writes.

    Raises:
        RankError: If a rank fails; the message ends with its own traceback.
        SystemExit: With status 143, after the job was cancelled, if this process receives SIGTERM.
    """
    app = app_definition(job)
    settings = {"log_dir": str(job.logs)} if scheduler == "local_cwd" else {**options, "validate_spec": False}
    tails: defaultdict[int | None, deque[str]] = defaultdict(lambda: deque(maxlen=_LINES_KEPT))

    def take(line: str) -> None:
        rank, text = rank_of(line)
        tails[rank].append(text)
        say(rank, text)

    with _signals_kept(), get_runner() as runner:
        ready = runner.dryrun(app, scheduler, cfg=settings, workspace=None)
        if scheduler == "kubernetes":
            equip(ready.request.resource, job)
        handle = runner.schedule(ready)
        signal.signal(signal.SIGTERM, _leave)
        readers = [
            threading.Thread(target=_follow, args=(runner, handle, app.roles[0].name, node, take), daemon=True)
            for node in range(job.nodes)
        ]
        try:
            for reader in readers:
                reader.start()
            state = _wait(runner, handle)
        except BaseException:
            runner.cancel(handle)
            raise
        for reader in readers:
            reader.join()
    if state != AppState.SUCCEEDED:
        failure = first_failure(failures_in(tails[None]))
        if failure is None:
            raise RankError(f"the job ended as {state.name}\n" + "\n".join(tails[None]))
        raised = failure.error_file is not None or failure.exit_code < 0
        words = failure.words if raised else "\n".join(tails[failure.rank])
        raise RankError(f"of {job.ranks} ranks, {failure}\n{words}")


def _wait(runner: Runner, handle: str) -> AppState:
    pause = threading.Event()
    while True:
        status = runner.status(handle)
        if status is None:
            raise RankError(f"the job {handle} is gone: it was deleted")
        if is_terminal(status.state):
            return status.state
        pause.wait(_POLL_SECONDS)


def _follow(runner: Runner, handle: str, role: str, node: int, take: Callable[[str], None]) -> None:
    """Hands on a node's log line by line, from when it has started."""
    pause = threading.Event()
    while (status := runner.status(handle)) and not (is_started(status.state) or is_terminal(status.state)):
        pause.wait(_POLL_SECONDS)
    partial = ""
    for chunk in runner.log_lines(handle, role, node, should_tail=True):
        *lines, partial = (partial + chunk).split("\n")
        for line in lines:
            take(line)
    if partial:
        take(partial)


@contextmanager
def _signals_kept() -> Iterator[None]:
    """TorchX's local scheduler takes two signals for itself; they are given back."""
    kept = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for number, handler in kept.items():
            signal.signal(number, handler)


def _leave(number: int, frame: FrameType | None) -> None:
    raise SystemExit(_TERMINATED)
