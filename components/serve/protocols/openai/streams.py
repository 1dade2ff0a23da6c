"""Several answers that grow at once, as one stream of what is added to which; and how it goes over the wire."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence

from fastapi.responses import Response, StreamingResponse
from pydantic import BaseModel
from starlette.types import Receive, Scope, Send

from inkling.components.serve.generation import Generation
from inkling.components.serve.protocols.openai.errors import error_reply
from inkling.components.serve.protocols.openai.responses import Usage, usage_of
from inkling.components.serve.record import current
from inkling.components.serve.request import Delta

DONE = "data: [DONE]\n\n"
_LOG = logging.getLogger(__name__)


class AnswerGroup:
    """The answers to a request: all are let in, or none.

    Attributes:
        count: How many there are.
    """

    def __init__(self, generations: Sequence[Generation], shared: int) -> None:
        """Takes what was begun, and how many answers one after another share a prompt."""
        self._generations, self._shared = generations, shared
        self.count = len(generations)

    @classmethod
    async def begin(cls, starts: Sequence[Callable[[], Awaitable[Generation]]], shared: int) -> "AnswerGroup":
        """Begins to generate; see the constructor.

        Raises:
            Busy: If too many requests wait already.
            BadRequest: If a prompt or image cannot be read, or is too long.
        """
        begun: list[Generation] = []
        try:
            for start in starts:
                begun.append(await start())
        except BaseException:
            for generation in begun:
                generation.close()
            raise
        return cls(begun, shared)

    def close(self) -> None:
        """Wants no more of them."""
        for generation in self._generations:
            generation.close()

    def usage(self, found: Sequence[Delta]) -> Usage:
        """Tokens of a request whose answers are over, a shared prompt's once; notes them in the request's record.

        Args:
            found: The last delta of each answer.
        """
        prompt_tokens = sum(one.prompt_tokens for one in self._generations[:: self._shared])
        completion_tokens = sum(delta.tokens for delta in found)
        current().answered([one.view for one in self._generations], prompt_tokens, completion_tokens)
        return usage_of(prompt_tokens, completion_tokens)

    async def whole(self) -> list[Delta]:
        """Every answer, whole."""
        try:
            return await asyncio.gather(*(generation.whole() for generation in self._generations))
        finally:
            self.close()

    async def deltas(self) -> AsyncIterator[tuple[int, Delta]]:
        """What is added to which answer, as it comes."""
        if len(self._generations) == 1:
            async for delta in self._generations[0]:
                yield 0, delta
            return
        found: asyncio.Queue[tuple[int, Delta | Exception | None]] = asyncio.Queue()
        tasks = [asyncio.create_task(_follow(*numbered, found)) for numbered in enumerate(self._generations)]
        try:
            running = len(tasks)
            while running:
                number, piece = await found.get()
                if isinstance(piece, Exception):
                    raise piece
                if piece is None:
                    running -= 1
                else:
                    yield number, piece
        finally:
            for task in tasks:
                task.cancel()


async def _follow(
    number: int, generation: Generation, found: "asyncio.Queue[tuple[int, Delta | Exception | None]]"
) -> None:
    try:
        async for delta in generation:
            found.put_nowait((number, delta))
        found.put_nowait((number, None))
    except Exception as error:
        found.put_nowait((number, error))


class EventStream(StreamingResponse):
    """Server-sent events that always report when they are over, whether the client stayed or left."""

    def __init__(self, events: AsyncIterator[str], over: Callable[[], None]) -> None:
        """Takes what to send and what to call at the end."""
        super().__init__(_guarded(events), media_type="text/event-stream", headers={"Cache-Control": "no-cache"})
        self._over = over

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Sends the response."""
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._over()


def json_reply(reply: BaseModel) -> Response:
    """A reply as a whole; fields that were not set are left out."""
    return Response(reply.model_dump_json(exclude_unset=True), media_type="application/json")


def event(reply: BaseModel) -> str:
    """A reply as a server-sent event; fields that were not set are left out."""
    return f"data: {reply.model_dump_json(exclude_unset=True)}\n\n"


async def _guarded(events: AsyncIterator[str]) -> AsyncIterator[str]:
    """Ends a stream that fails with the failure as its last event, since its status was sent before."""
    try:
        async for one in events:
            yield one
    except Exception:
        _LOG.exception("the server failed in the midst of a stream")
        current().refusal = "internal"
        message = f"the server failed on this request, and keeps the reason in its log under {current().request_id}"
        yield f"data: {bytes(error_reply(500, message).body).decode()}\n\n"
