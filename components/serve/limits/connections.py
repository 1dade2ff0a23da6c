"""Connections that are cut when a request does not come whole in time, and bounded in number."""

import asyncio
import time
from typing import Any

from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol
from uvicorn.server import ServerState

from inkling.components.serve.settings import Settings

_SHUTDOWN_SECONDS = 5.0
_LATE = "the request did not come whole in time"
_LONG = "the request's line and headers are too long"


class BoundedConnection(HttpToolsProtocol):
    """uvicorn's connection with limits on the time of headers and body, the size of headers, and how many there are.

    uvicorn has settings for none of these. A connection that waits for its next request is closed by uvicorn.
    """

    settings: Settings  # set by `bounded`

    def __init__(self, config: Config, server_state: ServerState, app_state: dict[str, Any], **named: Any) -> None:
        """Expects a request."""
        super().__init__(config, server_state, app_state, **named)
        self._since = time.monotonic()  # when it last had a whole request, or began
        self._deadline: asyncio.TimerHandle | None = None
        self._header_bytes: int | None = 0  # of the headers that are coming; None while a body is
        self._requests = self._responses = 0

    @property
    def answering(self) -> bool:
        """Whether a request has come whole that is not answered."""
        return self._requests > self._responses

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Makes room for a connection where there are too many, and starts its time."""
        super().connection_made(transport)
        self._expect(self.settings.header_seconds)
        if len(self.connections) > self.settings.max_connections:
            waiting = [one for one in self.connections if isinstance(one, BoundedConnection) and not one.answering]
            min(waiting, key=lambda one: one._since).abandon()

    def connection_lost(self, exc: Exception | None) -> None:
        """Ends its time."""
        self._expect(None)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Takes bytes, counting those of headers."""
        if self._header_bytes is not None:
            self._header_bytes += len(data)
        super().data_received(data)
        if self._header_bytes is not None and self._header_bytes > self.settings.max_header_bytes:
            self._refuse(431, _LONG)

    def on_message_begin(self) -> None:
        """Gives the headers their time."""
        self._expect(self.settings.header_seconds)
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """Gives the body its time."""
        self._header_bytes = None
        self._expect(self.settings.body_seconds)
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """Knows the request to be whole."""
        self._header_bytes = 0
        self._requests += 1
        self._expect(None)
        super().on_message_complete()

    def on_response_complete(self) -> None:
        """Expects the next request, for as long as uvicorn keeps connections."""
        self._responses += 1
        self._since = time.monotonic()
        super().on_response_complete()

    def shutdown(self) -> None:
        """Lets an accepted request be answered, and gives one that is half sent a few seconds."""
        super().shutdown()
        if not self.answering and not self.transport.is_closing():
            self._expect(_SHUTDOWN_SECONDS)

    def abandon(self) -> None:
        """Closes the connection at once, whatever was sent."""
        self.connections.discard(self)
        self.transport.abort()

    def _expect(self, seconds: float | None) -> None:
        """Sets the time within which what comes next must have come."""
        if self._deadline is not None:
            self._deadline.cancel()
        self._deadline = None if seconds is None else self.loop.call_later(seconds, self._late)

    def _late(self) -> None:
        if self.answering:  # nothing is read of a further request while an earlier one is answered
            self._expect(self.settings.body_seconds)
        else:
            self._refuse(408, _LATE)

    def _refuse(self, status: int, message: str) -> None:
        """Says why, where nothing has been said yet, and closes."""
        if self.transport.is_closing():
            return
        if self.cycle is None or self.cycle.response_complete or not self.cycle.response_started:
            head = f"content-type: text/plain; charset=utf-8\r\ncontent-length: {len(message)}\r\nconnection: close\r\n"
            self.transport.write(STATUS_LINE[status] + head.encode() + b"\r\n" + message.encode())
        self.transport.close()


def bounded(settings: Settings) -> type[BoundedConnection]:
    """The class of connections with the limits of some settings, as uvicorn makes them."""
    return type("Connection", (BoundedConnection,), {"settings": settings})
