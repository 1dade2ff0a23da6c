"""A limit on the size of requests: KServe takes bodies of any size."""

import contextlib

from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send


class _TooLarge(Exception):
    """The body turned out to be larger than is taken."""


class BodyLimit:
    """ASGI middleware that answers 413 to a body larger than is taken, without keeping any of it.

    The connection stays open, since closing it on a client that still sends would lose the answer.
    """

    def __init__(self, app: ASGIApp, max_bytes: int) -> None:
        """Wraps an application."""
        self._app, self._max = app, max_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes a request on, counting its bytes; what the application says after too many is not passed on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        read, started = _declared(scope), False
        if read > self._max:
            await self._refuse(scope, receive, send)
            return
        read = 0

        async def counted() -> Message:
            nonlocal read
            message = await receive()
            read += len(message.get("body", b""))
            if read > self._max and not started:
                raise _TooLarge
            return message

        async def guarded(message: Message) -> None:
            nonlocal started
            if started or read <= self._max:
                started = True
                await send(message)

        with contextlib.suppress(_TooLarge):
            await self._app(scope, counted, guarded)
        if read > self._max and not started:
            await self._refuse(scope, receive, send)

    async def _refuse(self, scope: Scope, receive: Receive, send: Send) -> None:
        message = f"the request is larger than the {self._max:,} bytes that are taken"
        await JSONResponse({"error": message}, 413)(scope, receive, send)


def _declared(scope: Scope) -> int:
    for name, value in scope["headers"]:
        if name == b"content-length" and value.isdigit():
            return int(value)
    return 0
