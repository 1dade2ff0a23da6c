"""Starting a job, forwarding its ranks' logs, and ending it: with its last rank, its first failure, or this process."""

import signal
import threading
from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future
from contextlib import AbstractContextManager, contextmanager
from types import FrameType

from torchx.runner import Runner, get_runner
from torchx.specs import AppState, AppStatus
from torchx.specs.api import is_started, is_terminal

from inkling.components.shared.launch.api import passes, patiently, words_of
from inkling.components.shared.launch.app import app_definition, rank_of
from inkling.components.shared.launch.failure import RankError, failures_in, first_failure
from inkling.components.shared.launch.job import Job
from inkling.components.shared.launch.volcano import submitted
from inkling.components.shared.runtime.progress import note

Say = Callable[[int | None, str], None]
"""Takes a line of the log and the rank that wrote it; None for torchrun itself."""
_POLL_SECONDS, _POLL_SECONDS_OF_PODS = 0.2, 2.0
_PATIENCE_SECONDS = 600.0
_LINES_KEPT = 400
_TERMINATED = 128 + signal.SIGTERM
_ASKING = threading.Lock()


def run_job(job: Job, say: Say) -> None:
    """Runs a job to its end: on this machine, or in pods as a Volcano Job, of which nothing stays then.

    Args:
        job: What runs where.
        say: Takes each line that a rank writes.

    Raises:
        RankError: If a rank fails; the message ends with its own traceback. If Kubernetes refuses the job, or to tell
            of it, or to delete it; the message says so in its words.
        SystemExit: With status 143, after the job was ended, if this process receives SIGTERM.
    """
    tails: defaultdict[int | None, deque[str]] = defaultdict(lambda: deque(maxlen=_LINES_KEPT))

    def take(line: str) -> None:
        rank, text = rank_of(line)
        tails[rank].append(text)
        say(rank, text)

    with _signals_kept(), get_runner() as runner, _started(runner, job) as handle:
        state = _watch(runner, handle, job, take)
        if state != AppState.SUCCEEDED:
            raise _failed(job, state, tails)


def _started(runner: Runner, job: Job) -> AbstractContextManager[str]:
    if job.pod is None:
        return _here(runner, job)
    signal.signal(signal.SIGTERM, _leave)
    return submitted(runner, job)


@contextmanager
def _here(runner: Runner, job: Job) -> Iterator[str]:
    """Starts a job on this machine and gives TorchX's handle of it; it does not outlive an error."""
    ready = runner.dryrun(app_definition(job), "local_cwd", cfg={"log_dir": str(job.logs)}, workspace=None)
    handle = runner.schedule(ready)
    signal.signal(signal.SIGTERM, _leave)
    try:
        yield handle
    except BaseException:
        runner.cancel(handle)
        raise


def _watch(runner: Runner, handle: str, job: Job, take: Callable[[str], None]) -> AppState:
    """Hands on the log of every node until the job has ended; how it did."""
    role, seconds = app_definition(job).roles[0].name, _POLL_SECONDS if job.pod is None else _POLL_SECONDS_OF_PODS
    refused: list[Exception] = []
    over = threading.Event()

    def follow(node: int) -> None:
        try:
            _follow(runner, handle, role, node, seconds, take, over)
        except Exception as error:
            refused.append(error)

    readers = [threading.Thread(target=follow, args=(node,), daemon=True) for node in range(job.nodes)]
    for reader in readers:
        reader.start()
    try:
        state = _in_a_thread(lambda: _wait(runner, handle, seconds, refused, over))
        for reader in readers:
            reader.join()
    finally:
        over.set()
    return state


def _in_a_thread(ask: Callable[[], AppState]) -> AppState:
    """What a thread finds, while this one only waits: a signal ends it here, where it holds no lock of a library.

    Python raises the SystemExit of a signal in the main thread, wherever it is. Within a client of Kubernetes that left
    the lock of `logging` taken for ever, and the readers of the logs waited for it. A signal that comes just before a
    wait does not end it, so that no wait here is without a limit.
    """
    found: Future[AppState] = Future()
    ended = threading.Event()

    def run() -> None:
        try:
            found.set_result(ask())
        except BaseException as error:
            found.set_exception(error)
        ended.set()

    threading.Thread(target=run, daemon=True).start()
    while not ended.wait(_POLL_SECONDS):
        pass
    return found.result()


def _failed(job: Job, state: AppState, tails: Mapping[int | None, Iterable[str]]) -> RankError:
    """The error of the rank that failed first, in its own words."""
    failure = first_failure(failures_in(tails.get(None, ())))
    if failure is None:
        return RankError(f"the job ended as {state.name}\n" + "\n".join(tails.get(None, ())))
    raised = failure.error_file is not None or failure.exit_code < 0
    words = failure.words if raised else "\n".join(tails.get(failure.rank, ()))
    return RankError(f"of {job.ranks} ranks, {failure}\n{words}")


def _wait(runner: Runner, handle: str, seconds: float, refused: list[Exception], over: threading.Event) -> AppState:
    """Waits for the end of a job, or for a reader of its log to be refused for good; what passes is only noted."""
    while True:
        status = _status(runner, handle, over)
        if status is None:
            raise RankError(f"the job {handle} is gone: it was deleted")
        while refused:
            error = refused.pop()
            if not passes(error):
                raise error
            note(f"the log of a node is read no further: {words_of(error)}")
        if is_terminal(status.state) or over.wait(seconds):
            return status.state


def _status(runner: Runner, handle: str, over: threading.Event) -> AppStatus | None:
    """How a job stands; training goes on while the API server is away for a while.

    One thread at a time asks: TorchX formats the traceback of an error, and Python 3.11 cannot do that in two threads
    at once ("AST constructor recursion depth mismatch").
    """

    def ask() -> AppStatus | None:
        with _ASKING:
            return runner.status(handle)

    return patiently(ask, _PATIENCE_SECONDS, over)


def _follow(
    runner: Runner,
    handle: str,
    role: str,
    node: int,
    seconds: float,
    take: Callable[[str], None],
    over: threading.Event,
) -> None:
    """Hands on a node's log line by line, from when it has started, while anybody waits for the job."""
    while (status := _status(runner, handle, over)) and not (is_started(status.state) or is_terminal(status.state)):
        if over.wait(seconds):
            return
    partial = ""
    with _ASKING:
        chunks = runner.log_lines(handle, role, node, should_tail=True)
    for chunk in chunks:
        if over.is_set():
            return
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
    """Ends this process once; told again, it goes on clearing up."""
    signal.signal(number, signal.SIG_IGN)
    raise SystemExit(_TERMINATED)
