"""An answer that is being generated, as the request that waits for it sees it."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable
from dataclasses import replace

from inkling.components.serve.jobs import Work
from inkling.components.serve.request import Delta
from inkling.models.sequence.views import ServedView


class Generation(AsyncIterator[Delta]):
    """Iterates over the deltas of an answer; the last one says why it ends.

    Leaving it early, by `close`, by the end of an `async with`, or because the task that waits is cancelled, takes the
    answer out of the engine's batch at the next step.

    Attributes:
        prompt_tokens: Tokens of the prompt, those of the image included.
        view: Which view of the prompt the model was given.
    """

    def __init__(self, prompt_tokens: int, view: ServedView, over: Callable[[], None]) -> None:
        """Belongs to the running event loop.

        Args:
            prompt_tokens: Tokens of the prompt.
            view: The view.
            over: Called once when it is over, whether answered, failed or left.
        """
        self.prompt_tokens, self.view = prompt_tokens, view
        self.job: Work | None = None
        self._over: Callable[[], None] | None = over
        self._found: deque[Delta | Exception] = deque()
        self._waiting: asyncio.Future[None] | None = None
        self._ended = False

    def receive(self, found: Delta | Exception) -> None:
        """Takes what comes next; called on the event loop."""
        self._found.append(found)
        if isinstance(found, Exception) or found.finish:
            self._leave()
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(None)

    def close(self) -> None:
        """Wants no more of it."""
        if self.job is not None:
            self.job.dropped = True
        self._ended = True
        self._found.clear()
        self._leave()

    async def whole(self) -> Delta:
        """All of the answer at once."""
        if self.job is not None:
            self.job.quiet = True
        deltas = [delta async for delta in self]
        text = "".join(delta.text for delta in deltas)
        return replace(deltas[-1], text=text, logprobs=tuple(one for delta in deltas for one in delta.logprobs))

    async def __anext__(self) -> Delta:
        """The next delta."""
        if self._ended and not self._found:
            raise StopAsyncIteration
        if not self._found:
            self._waiting = asyncio.get_running_loop().create_future()
            try:
                await self._waiting
            except asyncio.CancelledError:
                self.close()
                raise
        found = self._found.popleft()
        if isinstance(found, Exception):
            self._ended = True
            raise found
        self._ended = found.finish is not None
        return found

    async def __aenter__(self) -> "Generation":
        """Closes it at the end of the block."""
        return self

    async def __aexit__(self, *exception: object) -> None:
        """Wants no more of it."""
        self.close()

    def _leave(self) -> None:
        over, self._over, self.job = self._over, None, None  # the job knows this one: neither is to keep the other
        if over is not None:
            over()
