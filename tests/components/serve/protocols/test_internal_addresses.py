"""The running server fetches nothing from inside the network, however the address is written."""

import asyncio
import socket
import threading
from collections.abc import Iterator

import pytest

from inkling.components.serve.protocols import fetch as fetching
from inkling.components.serve.protocols.images import load_url
from inkling.components.serve.request import BadRequest
from inkling.components.serve.settings import Settings

SPELLINGS = (
    "127.0.0.1", "2130706433", "0x7f000001", "0x7f.1", "017700000001", "0177.0.0.1", "127.1", "127.0.1", "0", "0.0.0.0",
    "localhost", "LOCALHOST", "localhost.", "[::1]", "[::]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[::127.0.0.1]",
    "[0:0:0:0:0:0:0:1]", "[64:ff9b::7f00:1]", "①②⑦.⓪.⓪.①", "127。0。0。1", "%31%32%37.0.0.1",
    "example.com@127.0.0.1", "127.0.0.1#@example.com", "127.0.0.1\\@example.com",
)  # fmt: skip
NUMBERS = ("2130706433", "0x7f000001", "0x7f.1", "0177.0.0.1", "127.1", "0", "localhost", "localhost.")


@pytest.fixture
def inside() -> Iterator[tuple[int, list[object]]]:
    """A port of this machine, and who connected to it."""
    connected: list[object] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def accept() -> None:
            while True:
                try:
                    connected.append(listener.accept()[1])
                except OSError:
                    return

        thread = threading.Thread(target=accept, daemon=True)
        thread.start()
        yield listener.getsockname()[1], connected
        listener.shutdown(socket.SHUT_RDWR)
        thread.join(10)


def test_the_server_connects_to_no_spelling_of_itself(client, inside):
    port, connected = inside
    for spelling in SPELLINGS:
        for scheme in ("http", "https", "HTTP"):
            part = {"type": "image_url", "image_url": {"url": f"{scheme}://{spelling}:{port}/cat.png"}}
            body = {
                "model": "inkling",
                "messages": [{"role": "user", "content": [{"type": "text", "text": "a"}, part]}],
            }
            response = client.post("/v1/chat/completions", json=body)
            assert (response.status_code, spelling) == (400, spelling), response.text
    assert not connected


@pytest.mark.parametrize("spelling", NUMBERS)
def test_a_spelling_that_is_allowed_is_refused_for_what_it_resolves_to(inside, monkeypatch, spelling):
    port, connected = inside
    monkeypatch.setattr(fetching, "_get", None)  # nothing may come so far
    with pytest.raises(BadRequest, match="not public|host is not known"):
        asyncio.run(load_url(f"http://{spelling}:{port}/a", Settings(remote_image_hosts=(f"{spelling}:{port}",))))
    assert not connected
