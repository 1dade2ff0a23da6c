"""A small application behind the server's doors, on loopback in a thread."""

import asyncio
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn
from starlette.requests import Request
from starlette.responses import Response

from inkling.components.serve.limits.connections import bounded
from inkling.components.serve.limits.door import Door
from inkling.components.serve.settings import Settings


async def application(scope, receive, send) -> None:
    """Answers with the body; `/slow` takes a second, `/long` answers 400 with a long text."""
    if scope["type"] != "http":
        return
    body = await Request(scope, receive).body()
    if scope["path"] == "/slow":
        await asyncio.sleep(1)
    response = Response(b"x" * 100_000, 400) if scope["path"].endswith("/long") else Response(body)
    await response(scope, receive, send)


@contextmanager
def behind_doors(settings: Settings) -> Iterator[tuple[int, uvicorn.Server]]:
    """Serves the application with the limits of some settings; yields its port and the server."""
    config = uvicorn.Config(
        Door(application, settings), http=bounded(settings), ws="none", lifespan="off", log_config=None
    )
    server = uvicorn.Server(config)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=server.run, args=([listener],))
        thread.start()
        while not server.started:
            time.sleep(0.01)
        yield listener.getsockname()[1], server
        server.should_exit = True
        thread.join()


def ask(port: int, request: bytes, seconds: float = 10) -> bytes:
    """Sends bytes, and reads until the server closes."""
    with socket.create_connection(("127.0.0.1", port), seconds) as connection:
        connection.sendall(request)
        return until_closed(connection)


def until_closed(connection: socket.socket) -> bytes:
    """All that comes until the other side closes."""
    received = b""
    while part := connection.recv(1 << 16):
        received += part
    return received
