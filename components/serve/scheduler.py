"""Continuous batching: one thread, whose batch answers join and leave between two steps of the engine.

All answers that grow take a step together, whatever their lengths, views and settings; those that came meanwhile are
prefilled together and join, those at their end leave. Choices are scored between two steps. Nobody's tokens depend on
who else is in the batch.
"""

import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar

import numpy as np
from kserve.errors import ServerNotReady

from inkling.components.serve.jobs import GenerationJob, ScoringJob, Work
from inkling.components.serve.metrics import ADMITTED
from inkling.models.inference.engine import Floats, State
from inkling.models.inference.onnx_engine import OnnxEngine

_TOKENS = 2048  # of one pass at most, padding included, unless one job alone has more
_IMAGES = 4  # that are embedded in one pass at most: a batch of them is hardly faster than one after the other

AnyWork = TypeVar("AnyWork", bound=Work)


class Busy(ServerNotReady):
    """Too many requests wait already (503, or UNAVAILABLE over gRPC)."""

    def __init__(self, waiting: int) -> None:
        """Takes how many are being served."""
        super().__init__(f"{waiting} requests are being served or wait; try again in a moment.")
        self.reason = str(self)


class Scheduler:
    """The engine's thread and the bounded number of requests that share it, so that the event loop stays free."""

    def __init__(self, engine: OnnxEngine, stop: int, batch: int, waiting: int) -> None:
        """Starts the thread.

        Args:
            engine: The engine; no other thread uses it.
            stop: Id of the token that ends an answer.
            batch: Answers that grow at once at most.
            waiting: Requests that may be let in beside as many as grow.
        """
        self._engine, self._stop, self._batch = engine, stop, batch
        self._limit, self._admitted = batch + waiting, 0
        self._queue: deque[Work] = deque()
        self._wake = threading.Condition()
        self._growing: list[GenerationJob] = []
        self._state: State[Floats] | None = None  # of the growing answers, in their order
        self._emitted: list[tuple[Work, Any]] = []
        threading.Thread(target=self._run, name="inference", daemon=True).start()

    def admit(self) -> Callable[[], None]:
        """Lets a request in; called on the event loop.

        Returns:
            What to call, once, when the request has been answered.

        Raises:
            Busy: If as many as may are in.
        """
        if self._admitted >= self._limit:
            raise Busy(self._admitted)
        self._count(1)
        return lambda: self._count(-1)

    @contextmanager
    def admitted(self) -> Iterator[None]:
        """Lets a request in for the duration of a block."""
        leave = self.admit()
        try:
            yield
        finally:
            leave()

    def submit(self, job: Work) -> None:
        """Queues work of an admitted request."""
        with self._wake:
            self._queue.append(job)
            self._wake.notify()

    def _count(self, change: int) -> None:
        self._admitted += change
        ADMITTED.set(self._admitted)

    def _run(self) -> None:
        while True:
            with self._wake:
                while not (self._queue or self._growing):
                    self._wake.wait()
            self._guarded(self._score, self._take(ScoringJob, self._batch))
            self._guarded(self._join, self._take(GenerationJob, self._batch - len(self._growing)))
            self._guarded(lambda _: self._step(), list(self._growing))

    def _guarded(self, work: Callable[[list[AnyWork]], None], jobs: list[AnyWork]) -> None:
        """Works on some jobs; an error is theirs, and the thread goes on."""
        if not jobs:
            return
        try:
            work(jobs)
        except Exception as error:
            self._emitted += [(job, error) for job in jobs]
            if self._growing and jobs[0] in self._growing:
                self._growing, self._state = [], None
        self._deliver()

    def _take(self, kind: type[AnyWork], most: int) -> list[AnyWork]:
        """The next jobs of a kind that make one pass: all with an image, or all without."""
        with self._wake:
            queued = [job for job in self._queue if isinstance(job, kind) and not job.dropped]
            taken: list[AnyWork] = []
            longest = images = 0
            for job in queued[:most]:
                if (job.picture is None) != (queued[0].picture is None):
                    continue
                longest = max(longest, _tokens(job))
                images += job.picture is not None and job.picture.embedded is None
                if taken and (longest * (len(taken) + 1) > _TOKENS or images > _IMAGES):
                    break
                taken.append(job)
            gone = {id(job) for job in taken}
            self._queue = deque(job for job in self._queue if id(job) not in gone and not job.dropped)
        return taken

    def _score(self, jobs: list[ScoringJob]) -> None:
        found = self._engine.choice_logits(
            [job.prompt for job in jobs], [job.choices for job in jobs], self._images(jobs)
        )
        self._emitted += [(job, job.result(logits)) for job, logits in zip(jobs, found, strict=True)]

    def _join(self, jobs: list[GenerationJob]) -> None:
        state = self._engine.prefill([job.prompt for job in jobs], self._images(jobs))
        self._state = state if self._state is None else self._engine.merge([self._state, state])
        self._growing += jobs

    def _step(self) -> None:
        """Gives each growing answer its next token, and runs the engine for those that go on."""
        assert self._state is not None
        logits = self._state.logits  # (b, vocabulary)
        kept, tokens = [], []
        for row, likeliest in enumerate(logits.argmax(axis=1).tolist()):
            job = self._growing[row]
            if job.dropped:
                continue
            token = job.draw(logits[row], likeliest)
            delta = job.add(token, logits[row], token == self._stop)
            if delta is not None:
                self._emitted.append((job, delta))
            if delta is None or delta.finish is None:
                kept.append(row)
                tokens.append([token])
        self._deliver()
        if len(kept) < len(self._growing):
            self._growing = [self._growing[row] for row in kept]
            self._state = self._engine.merge([self._state.rows(np.array(kept))]) if kept else None
        if self._state is not None:
            self._state = self._engine.decode(self._state, tokens)[1]

    def _images(self, jobs: Sequence[Work]) -> Floats | None:
        """What the language model reads of the jobs' images (b, tokens, hidden_size); None for none."""
        pictures = [job.picture for job in jobs if job.picture is not None]
        if not pictures:
            return None
        new = {picture.key: picture for picture in pictures if picture.embedded is None}
        if new:
            pixels = np.stack([picture.pixels for picture in new.values() if picture.pixels is not None])
            embedded = dict(zip(new, self._engine.embed_images(pixels), strict=True))
            for picture in pictures:
                if picture.embedded is None:
                    picture.embedded, picture.pixels = embedded[picture.key], None
        return np.stack([picture.embedded for picture in pictures if picture.embedded is not None])

    def _deliver(self) -> None:
        """Hands what was found to those who wait, at one go for each event loop."""
        emitted, self._emitted = self._emitted, []
        for loop in {id(job.loop): job.loop for job, _ in emitted}.values():
            mine = [(job.emit, value) for job, value in emitted if job.loop is loop]
            try:
                loop.call_soon_threadsafe(_hand_over, mine)
            except RuntimeError:  # the loop is closed: nobody waits
                for job, _ in emitted:
                    job.dropped = job.dropped or job.loop is loop


def _tokens(job: Work) -> int:
    """Positions that a job has in a pass, the image left aside, which every job of the pass has or none."""
    if isinstance(job, ScoringJob):
        return len(job.choices) * (len(job.prompt) + max(map(len, job.choices)))
    return len(job.prompt)


def _hand_over(results: Sequence[tuple[Callable[[Any], None], Any]]) -> None:
    for emit, value in results:
        emit(value)
