"""What is known of a request while it is served: its id, how long its steps took, and what came of it.

A protocol's door begins a record and reports it once, to the metrics and to the log; whatever serves the request in
between adds to `current()`.
"""

import re
import time
import uuid
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field

from inkling.models.sequence.views import ServedView

REQUEST_ID = "x-request-id"
_SANE = re.compile(r"[A-Za-z0-9._:/+=@-]{1,128}")


@dataclass
class RequestRecord:
    """A request that is being served.

    Attributes:
        request_id: The client's own id where that is a short word, else one made here.
        protocol: v1, v2, grpc or openai; empty for what is no inference, such as a health probe.
        steps: Seconds of each step, by its name: read, queue, prefill, decode, score; the sum over a request's answers.
        first_token: Seconds until the first token was there; None where none is.
        views: The view of each answered question.
        prompt_tokens: Tokens of all prompts, those of images included.
        completion_tokens: Tokens that were generated.
        refusal: Why it was refused, in a word that metrics count by; None lets the status say so.
    """

    request_id: str
    protocol: str = ""
    steps: dict[str, float] = field(default_factory=dict)
    first_token: float | None = None
    views: list[ServedView] = field(default_factory=list)
    prompt_tokens: int = 0
    completion_tokens: int = 0
    refusal: str | None = None
    _started: float = field(default_factory=time.perf_counter)

    @property
    def seconds(self) -> float:
        """Time since the request came."""
        return time.perf_counter() - self._started

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Adds the time of a block to a step."""
        started = time.perf_counter()
        try:
            yield
        finally:
            self.add(name, time.perf_counter() - started)

    def add(self, step: str, seconds: float) -> None:
        """Adds time to a step."""
        self.steps[step] = self.steps.get(step, 0.0) + seconds

    def token(self) -> None:
        """Notes that a token is there; the first one's time is kept."""
        if self.first_token is None:
            self.first_token = self.seconds

    def answered(self, views: Iterable[ServedView], prompt_tokens: int, completion_tokens: int) -> None:
        """Notes answers."""
        self.views += views
        self.prompt_tokens += prompt_tokens
        self.completion_tokens += completion_tokens


_CURRENT: ContextVar[RequestRecord | None] = ContextVar("request record", default=None)


def current() -> RequestRecord:
    """The record of the request that is being served; outside of any, one that nobody reads."""
    return _CURRENT.get() or RequestRecord("")


def begin(given: str | None, protocol: str) -> RequestRecord:
    """Begins the record of a request, for whatever its task calls.

    Args:
        given: The id that the client gave.
        protocol: As in `RequestRecord`.
    """
    sane = given is not None and _SANE.fullmatch(given)
    record = RequestRecord(given if given and sane else uuid.uuid4().hex, protocol)
    _CURRENT.set(record)
    return record
