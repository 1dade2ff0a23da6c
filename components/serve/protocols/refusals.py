"""Refusals in the form of the protocol that was asked: KServe's `{"error": words}`, or OpenAI's error object."""

import re
from collections.abc import Mapping
from typing import Any

from starlette.responses import JSONResponse

MAX_CHARACTERS = 1_000
_QUOTED = 200
_NOT_READY = "Server is not ready. "
_OPENAI = re.compile(r"/openai/|/v1/(?!models/[^/]*:)")
KINDS = {401: "authentication_error", 404: "not_found_error", 408: "timeout_error", 429: "rate_limit_error"}
"""OpenAI's type of an error by its HTTP status, where it is no mistake in the request."""


def cut(text: str, characters: int = MAX_CHARACTERS) -> str:
    """A text of a limited length that can be written as UTF-8; of a longer one both ends are kept."""
    text = text if len(text) <= characters else f"{text[: characters - _QUOTED]} ... {text[-_QUOTED // 2 :]}"
    return text.encode(errors="replace").decode()


def overloaded(error: Exception) -> str:
    """The words of `Busy`, without KServe's that the server is not ready: it is."""
    return str(error).removeprefix(_NOT_READY)


def refusal(path: str, status: int, message: str, headers: Mapping[str, str] | None = None) -> JSONResponse:
    """A refusal as the protocol of a route has it, its words cut to a limited length.

    Args:
        path: The path that was asked, which says the protocol.
        status: HTTP status, 400 or above.
        message: What was wrong and what to do.
        headers: Further headers, such as Retry-After.
    """
    return JSONResponse(_error(path, status, cut(message)), status, headers)


def _error(path: str, status: int, message: str) -> dict[str, Any]:
    if _OPENAI.match(path) is None:
        return {"error": message}
    kind = KINDS.get(status, "invalid_request_error" if status < 500 else "server_error")
    return {"error": {"message": message, "type": kind, "param": None, "code": None}}
