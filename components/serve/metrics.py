"""Figures of the server, beside KServe's own on `/metrics`."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from prometheus_client import Counter, Gauge, Histogram

from inkling.components.serve.request import BadRequest, QuestionRequest

ADMITTED = Gauge("inkling_requests_admitted", "Requests that are being computed or wait for the model.")
_ANSWERS = Counter("inkling_answers_total", "Questions answered.", ["protocol", "view"])
_REFUSALS = Counter("inkling_refusals_total", "Requests that were refused.", ["protocol"])
_SECONDS = Histogram(
    "inkling_request_seconds", "Time from a request to its answer, or to the first token.", ["protocol"]
)


@contextmanager
def observed(protocol: str) -> Iterator[None]:
    """Measures a request and counts it if it is refused."""
    started = time.perf_counter()
    try:
        yield
    except BadRequest:
        _REFUSALS.labels(protocol).inc()
        raise
    _SECONDS.labels(protocol).observe(time.perf_counter() - started)


def count_answer(protocol: str, question: QuestionRequest) -> None:
    """Counts an answered question."""
    _ANSWERS.labels(protocol, question.view).inc()
