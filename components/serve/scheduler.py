"""Continuous batching: one thread, whose batch answers join and leave between two steps of the engine.

All answers that grow take a step together, whatever their lengths, views and settings; those that came meanwhile are
prefilled together and join, those at their end leave. Choices are scored between two steps. Nobody's tokens depend on
who else is in the batch.
"""

import threading
from collections import deque
from collections.abc import Callable, Hashable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar

import numpy as np
from kserve.errors import ServerNotReady

from inkling.components.serve.jobs import GenerationJob, ScoringJob, Work
from inkling.components.serve.metrics import ADMITTED, BATCH_SIZE, WAITING
from inkling.components.serve.recent import RecentResults
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

    def __init__(self, engine: OnnxEngine, stop: int, batch: int, waiting: int, recent: RecentResults) -> None:
        """Starts the thread.

        Args:
            engine: The engine; no other thread uses it.
            stop: Id of the token that ends an answer.
            batch: Answers that grow at once at most.
            waiting: Requests that may be let in beside as many as grow.
            recent: Keeps embedded images and prefilled prompts.
        """
        self._engine, self._stop, self._batch = engine, stop, batch
        self._limit, self._admitted = batch + waiting, 0
        self._queue: deque[Work] = deque()
        self._wake = threading.Condition()
        self._recent = recent
        self._parts: list[tuple[State[Floats], list[GenerationJob]]] = []  # answers that grow, a sequence each
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
            WAITING.set(len(self._queue))
            self._wake.notify()

    def _count(self, change: int) -> None:
        self._admitted += change
        ADMITTED.set(self._admitted)

    def _run(self) -> None:
        while True:
            with self._wake:
                while not (self._queue or self._parts):
                    self._wake.wait()
            self._turn()  # a frame of its own: what it names is not held while there is nothing to do

    def _turn(self) -> None:
        if scored := self._take(ScoringJob, self._batch):
            self._guarded(lambda: self._score(scored), scored)
        if joining := self._take(GenerationJob, self._batch - sum(len(jobs) for _, jobs in self._parts)):
            self._guarded(lambda: self._join(joining), joining)
        if self._parts:
            self._guarded(self._step, [job for _, jobs in self._parts for job in jobs])

    def _guarded(self, work: Callable[[], None], jobs: Sequence[Work]) -> None:
        """Works on some jobs; an error is theirs alone, and the thread goes on."""
        try:
            work()
        except Exception as error:
            failed = set(map(id, jobs))
            self._emitted += [(job, error) for job in jobs]
            self._parts = [part for part in self._parts if not any(id(job) in failed for job in part[1])]
        self._deliver()

    def _take(self, kind: type[AnyWork], most: int) -> list[AnyWork]:
        """The next jobs of a kind that make one pass: all with an image, or all without."""
        with self._wake:
            queued = [job for job in self._queue if isinstance(job, kind) and not job.dropped]
            taken: list[AnyWork] = []
            longest = 0
            images: set[bytes] = set()  # keys of those that are to be embedded
            for job in queued[:most]:
                if (job.image is None) != (queued[0].image is None):
                    continue
                longest = max(longest, _tokens(job))
                if job.image is not None and job.image.embedded is None:
                    images.add(job.image.key)
                if taken and (longest * (len(taken) + 1) > _TOKENS or len(images) > _IMAGES):
                    break
                taken.append(job)
            gone = set(map(id, taken))
            self._queue = deque(job for job in self._queue if id(job) not in gone and not job.dropped)
            WAITING.set(len(self._queue))
        for job in taken:
            job.lap("queue")
        return taken

    def _score(self, jobs: list[ScoringJob]) -> None:
        images = self._images(jobs)
        found = self._engine.choice_logits([job.prompt for job in jobs], [job.choices for job in jobs], images)
        self._emitted += [(job, job.result(logits)) for job, logits in zip(jobs, found, strict=True)]

    def _join(self, jobs: list[GenerationJob]) -> None:
        new: dict[Hashable, GenerationJob] = {}  # of several with the same prompt and image one is computed
        for job in jobs:
            if (state := self._recent.get("prefix", job.key)) is not None:
                self._parts.append((state, [job]))
            else:
                new.setdefault(job.key, job)
        if not new:
            return
        state = self._engine.prefill([job.prompt for job in new.values()], self._images(list(new.values())))
        rows = {key: self._engine.merge([(state, [row])]) for row, key in enumerate(new)} if self._recent.keeps else {}
        for key, row in rows.items():
            self._recent.put("prefix", key, row, row.logits.nbytes + sum(array.nbytes for array in row.past))
        waiting = [job for job in jobs if job.key in new]
        places = {key: row for row, key in enumerate(new)}
        if len(waiting) > len(new):
            state = state.rows(np.array([places[job.key] for job in waiting]))
        self._parts.append((state, waiting))

    def _step(self) -> None:
        """Gives each growing answer its next token, and runs the engine for those that go on."""
        kept = [(state, self._draw(state, jobs), jobs) for state, jobs in self._parts]
        self._deliver()
        jobs = [jobs[row] for _, drawn, jobs in kept for row in drawn]
        tokens = [[token] for _, drawn, _ in kept for token in drawn.values()]
        if not jobs:
            self._parts = []
            return
        state = kept[0][0]
        if len(kept) > 1 or len(jobs) < len(kept[0][2]):
            state = self._engine.merge([(state, list(drawn)) for state, drawn, _ in kept])
        BATCH_SIZE.observe(len(jobs))
        self._parts = [(self._engine.decode(state, tokens)[1], jobs)]

    def _draw(self, state: State[Floats], jobs: Sequence[GenerationJob]) -> dict[int, int]:
        """The next token of each answer that goes on, by its row."""
        drawn = {}
        for row, likeliest in enumerate(state.logits.argmax(axis=1).tolist()):
            job, logits = jobs[row], state.logits[row]
            if job.dropped:
                continue
            token = job.draw(logits, likeliest)
            delta = job.add(token, logits, token == self._stop)
            if delta is not None:
                self._emitted.append((job, delta))
            if delta is None or delta.finish is None:
                drawn[row] = token
        return drawn

    def _images(self, jobs: Sequence[Work]) -> Floats | None:
        """What the language model reads of the jobs' images (b, tokens, hidden_size); None for none."""
        images = [job.image for job in jobs if job.image is not None]
        if not images:
            return None
        new = {image.key: image.pixels for image in images if image.pixels is not None}
        if new:
            embedded = dict(zip(new, self._engine.embed_images(np.stack(list(new.values()))), strict=True))
            for key, found in embedded.items():
                self._recent.put("image", key, found, found.nbytes)
            for image in images:
                if image.pixels is not None:
                    image.embedded, image.pixels = embedded[image.key], None
        return np.stack([image.embedded for image in images if image.embedded is not None])

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
