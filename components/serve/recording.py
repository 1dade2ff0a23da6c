"""The outermost door for HTTP: every request has a record, its id on the answer, one line in the log, one count."""

import logging
import re

from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from inkling.components.serve.logs import log_request
from inkling.components.serve.metrics import report
from inkling.components.serve.protocols.refusals import refusal
from inkling.components.serve.record import REQUEST_ID, RequestRecord, begin

_LOG = logging.getLogger(__name__)
_PROTOCOLS = {
    "v1": re.compile(r"/v1/models/[^/]*:"),
    "v2": re.compile(r"/v2/models/"),
    "openai": re.compile(r"(/openai)?/v1/"),
}
_FAILED = "the server failed on this request, and keeps the reason in its log under"
_LEFT = 499  # what nginx calls a request whose client left


class Recording:
    """ASGI middleware around all others; an error that none of them caught becomes a 500 that names the request."""

    def __init__(self, app: ASGIApp) -> None:
        """Wraps an application."""
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes a request on and reports it when it is over."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        record = begin(_given(scope), protocol_of(scope["method"], scope["path"]))
        status, complete = 0, False

        async def noted(message: Message) -> None:
            nonlocal status, complete
            if message["type"] == "http.response.start":
                status = message["status"]
                message = {**message, "headers": [*message.get("headers", ()), _header(record)]}
            complete = message["type"] == "http.response.body" and not message.get("more_body", False)
            await send(message)

        try:
            await self._app(scope, receive, noted)
        except ClientDisconnect:
            pass
        except Exception:  # whatever it is, the server goes on and its operator sees it
            _LOG.exception("the server failed on a request")
            if not status:
                await refusal(scope["path"], 500, f"{_FAILED} {record.request_id}")(scope, receive, noted)
        finally:
            status = status if complete else _LEFT
            report(record, status)
            log_request(record, scope["method"], scope["path"], status)


def protocol_of(method: str, path: str) -> str:
    """The protocol of a request that asks the model something; empty for any other."""
    if method != "POST":
        return ""
    return next((name for name, pattern in _PROTOCOLS.items() if pattern.match(path)), "")


def _given(scope: Scope) -> str | None:
    values = [value for name, value in scope["headers"] if name == REQUEST_ID.encode()]
    return values[0].decode("latin-1") if len(values) == 1 else None


def _header(record: RequestRecord) -> tuple[bytes, bytes]:
    return REQUEST_ID.encode(), record.request_id.encode()
