"""A request whose client left is given up: the server itself tells an application only when it asks."""

import asyncio
import contextlib

from starlette.types import ASGIApp, Message, Receive, Scope, Send

_LEFT: Message = {"type": "http.disconnect"}


class Departures:
    """ASGI middleware that cancels the work on a request when its client closes the connection after the body."""

    def __init__(self, app: ASGIApp) -> None:
        """Wraps an application."""
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes a request on, and waits for its end or for its client's."""
        if scope["type"] != "http" or scope["method"] != "POST":
            await self._app(scope, receive, send)
            return
        read, left = asyncio.Event(), asyncio.Event()

        async def receive_body() -> Message:
            if read.is_set():
                await left.wait()
                return _LEFT
            message = await receive()
            if not message.get("more_body", False):
                read.set()
            return message

        async def watch() -> None:
            await read.wait()
            while (await receive())["type"] != _LEFT["type"]:
                pass
            left.set()

        work, watching = asyncio.ensure_future(self._app(scope, receive_body, send)), asyncio.ensure_future(watch())
        try:
            await asyncio.wait((work, watching), return_when=asyncio.FIRST_COMPLETED)
            if not work.done():
                work.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await work
        finally:
            work.cancel()
            watching.cancel()
