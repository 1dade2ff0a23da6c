"""Work for a client that left is given up; that for one that stays is not."""

import asyncio
from typing import Any

from inkling.components.serve.departures import Departures

POST = {"type": "http", "method": "POST"}


def served(messages: list[dict[str, Any]], work_seconds: float) -> list[str]:
    """What happens to a request whose messages come one after the other, and nothing after them."""
    happened: list[str] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        while (await receive()).get("more_body"):
            pass
        try:
            await asyncio.sleep(work_seconds)
            await send({"type": "http.response.body"})
        except asyncio.CancelledError:
            happened.append("given up")
            raise

    async def scenario() -> None:
        waiting = iter(messages)

        async def receive() -> dict[str, Any]:
            for message in waiting:
                await asyncio.sleep(0)
                return message
            await asyncio.Event().wait()
            raise AssertionError

        async def send(message: dict[str, Any]) -> None:
            happened.append(message["type"])

        await asyncio.wait_for(Departures(app)(POST, receive, send), 20)

    asyncio.run(scenario())
    return happened


BODY = [{"type": "http.request", "body": b"a", "more_body": True}, {"type": "http.request", "body": b"b"}]


def test_a_client_that_waits_is_answered() -> None:
    assert served(BODY, 0.01) == ["http.response.body"]


def test_work_for_a_client_that_left_is_given_up() -> None:
    assert served([*BODY, {"type": "http.disconnect"}], 60) == ["given up"]
