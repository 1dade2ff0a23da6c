"""The server's log: a JSON object a line, and never a stack trace for what a client did."""

import logging
import sys
import traceback
from datetime import UTC, datetime
from typing import Any

from kserve.errors import InvalidInput, ModelNotFound, ModelNotReady, ServerNotReady, UnsupportedProtocol

from inkling.components.serve.metrics import refusal
from inkling.components.serve.record import RequestRecord, current
from inkling.models.strict_json import to_json

_CHARACTERS = 500
_TRACE_CHARACTERS = 8_000
_CLIENTS_DOING = (
    InvalidInput, ModelNotFound, ModelNotReady, NotImplementedError, ServerNotReady, UnsupportedProtocol,
)  # fmt: skip
_QUIET = {"uvicorn.access": logging.ERROR, "kserve": logging.WARNING, "kserve.trace": logging.WARNING}
_REQUESTS = logging.getLogger("inkling.requests")


class JsonLines(logging.Formatter):
    """A record of the log as a line of JSON, with the id of the request that is being served."""

    def format(self, record: logging.LogRecord) -> str:
        """The line; texts that a client may have written are cut to a limited length."""
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": _cut(record.getMessage(), _CHARACTERS),
        }
        if request_id := current().request_id:
            line["request_id"] = request_id
        line |= getattr(record, "fields", {})
        if record.exc_info and record.exc_info[1] is not None:
            line["trace"] = _cut("".join(traceback.format_exception(record.exc_info[1])), _TRACE_CHARACTERS)
        return to_json(line)


class _WithoutBlame(logging.Filter):
    """Makes a line of information of what KServe logs as an error with a stack trace: a refusal."""

    def filter(self, record: logging.LogRecord) -> bool:
        error = record.exc_info[1] if record.exc_info else None
        if isinstance(error, _CLIENTS_DOING):
            record.msg, record.args, record.exc_info = f"refused: {error}", (), None
            record.levelno, record.levelname = logging.INFO, "INFO"
        return True


def configure_logs() -> None:
    """Sends what every library logs to standard error, in lines of JSON."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines())
    handler.addFilter(_WithoutBlame())
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access", "kserve", "kserve.trace"):
        logger = logging.getLogger(name)
        logger.handlers, logger.propagate = [], True
        logger.setLevel(_QUIET.get(name, logging.INFO))
    for name in ("httpx", "httpcore"):
        logging.getLogger(name).setLevel(logging.WARNING)


def log_request(record: RequestRecord, method: str, path: str, status: int) -> None:
    """Writes the line of a request that is over; probes of health and metrics leave none where they succeed."""
    if not record.protocol and status < 400:
        return
    fields: dict[str, Any] = {
        "protocol": record.protocol or None,
        "method": _cut(method, 20),
        "path": _cut(path, 200),
        "status": status,
        "seconds": round(record.seconds, 6),
    }
    if status >= 400 or record.refusal:
        fields["refusal"] = refusal(record, status)
    if record.first_token is not None:
        fields["first_token_seconds"] = round(record.first_token, 6)
    if record.steps:
        fields["steps"] = {step: round(seconds, 6) for step, seconds in record.steps.items()}
    if record.views:
        fields |= {
            "view": sorted(set(record.views)),
            "prompt_tokens": record.prompt_tokens,
            "completion_tokens": record.completion_tokens,
        }
    _REQUESTS.info("request", extra={"fields": fields})


def _cut(text: str, characters: int) -> str:
    return text if len(text) <= characters else f"{text[:characters]}..."
