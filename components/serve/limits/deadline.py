"""The time limit of a request: past it the answer is an error in its protocol's own form, and its work is dropped."""

import asyncio

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from inkling.components.serve.protocols.refusals import refusal
from inkling.components.serve.record import current

TIME_LIMIT = "time_limit"
"""What the metrics call it."""
_RETRY = {"Retry-After": "1"}
_LAST_SECONDS = 1.0  # in which a client that reads slowly may take a stream's last event


class Deadline:
    """ASGI middleware that gives a request, once its body is there, a limited time until the end of its answer."""

    def __init__(self, app: ASGIApp, seconds: float) -> None:
        """Wraps an application."""
        self._app, self._seconds = app, seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes a request on until its time is over."""
        if scope["type"] != "http" or scope["method"] != "POST":
            await self._app(scope, receive, send)
            return
        start: Message | None = None
        over = False

        async def noted(message: Message) -> None:
            nonlocal start
            if over:
                return
            if message["type"] == "http.response.start":
                start = message
            await send(message)

        try:
            async with asyncio.timeout(self._seconds) as limit:
                await self._app(scope, receive, noted)
        except TimeoutError:
            if not limit.expired():
                raise
            over, current().refusal = True, TIME_LIMIT
            response = refusal(scope["path"], 408, time_is_over(self._seconds), _RETRY)
            if start is None:
                await response(scope, receive, send)
            elif _streams(start):
                async with asyncio.timeout(_LAST_SECONDS):
                    event = b"data: " + bytes(response.body) + b"\n\n"
                    await send({"type": "http.response.body", "body": event, "more_body": False})


def time_is_over(seconds: float) -> str:
    """What is said to a request over its time."""
    return (
        f"no whole answer within {seconds:g} s, the server's limit for a request; ask for less at once, or again when "
        "the server is less busy"
    )


def _streams(start: Message) -> bool:
    return any(name.lower() == b"content-type" and b"event-stream" in value for name, value in start["headers"])
