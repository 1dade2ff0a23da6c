"""Figures of the server, beside KServe's own on `/metrics`."""

from prometheus_client import Counter, Gauge, Histogram

from inkling.components.serve.record import RequestRecord

_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)
_REFUSALS = {
    400: "invalid", 401: "unauthorized", 404: "not_found", 405: "method", 408: "timeout", 413: "too_large",
    415: "media_type", 422: "invalid", 429: "queue_full", 431: "too_large", 499: "client_left", 501: "not_implemented",
    503: "not_ready", 504: "timeout",
}  # fmt: skip

ADMITTED = Gauge("inkling_requests_admitted", "Requests that are being computed or wait for the model.")
WAITING = Gauge("inkling_requests_waiting", "Requests that wait in the queue.")
BATCH_SIZE = Histogram(
    "inkling_batch_size", "Sequences that a step of the model computes together.", buckets=(1, 2, 4, 8, 16, 32, 64)
)
CACHE_HITS = Counter("inkling_cache_hits_total", "Images and prefixes that were computed before.", ["cache"])
CACHE_MISSES = Counter("inkling_cache_misses_total", "Images and prefixes that were not.", ["cache"])
_ANSWERS = Counter("inkling_answers_total", "Questions answered.", ["protocol", "view"])
_REFUSED = Counter("inkling_refusals_total", "Requests that were not answered, by reason.", ["protocol", "reason"])
_REQUEST = Histogram(
    "inkling_request_seconds", "Time from a request to the end of its answer.", ["protocol"], buckets=_SECONDS
)
_STEP = Histogram(
    "inkling_step_seconds", "Time of a step of a request: read, queue, prefill, decode, score.", ["protocol", "step"],
    buckets=_SECONDS,
)  # fmt: skip
_FIRST_TOKEN = Histogram(
    "inkling_time_to_first_token_seconds", "Time from a request to its first token.", ["protocol"], buckets=_SECONDS
)
_TOKENS = Counter("inkling_tokens_total", "Tokens read (images' included) and generated.", ["protocol", "kind"])


def report(record: RequestRecord, status: int) -> None:
    """Counts a request that is over, once.

    Args:
        record: What is known of it; one of no protocol counts nowhere.
        status: HTTP status of its answer.
    """
    protocol = record.protocol
    if not protocol:
        return
    if record.refusal is not None or status >= 400:
        _REFUSED.labels(protocol, refusal(record, status)).inc()
        return
    _REQUEST.labels(protocol).observe(record.seconds)
    for step, seconds in record.steps.items():
        _STEP.labels(protocol, step).observe(seconds)
    if record.first_token is not None:
        _FIRST_TOKEN.labels(protocol).observe(record.first_token)
    for view in record.views:
        _ANSWERS.labels(protocol, view).inc()
    _TOKENS.labels(protocol, "prompt").inc(record.prompt_tokens)
    _TOKENS.labels(protocol, "generated").inc(record.completion_tokens)


def refusal(record: RequestRecord, status: int) -> str:
    """Why a request was not answered, in a word."""
    return record.refusal or _REFUSALS.get(status, "internal" if status >= 500 else "invalid")
