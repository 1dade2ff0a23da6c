"""One server of the small model for the tests of what it answers."""

import json
import socket
from collections.abc import Iterator

import httpx
import pytest

from inkling.components.serve.process import running_server


@pytest.fixture(scope="session")
def both_addresses(served, tmp_path_factory) -> Iterator[tuple[str, str]]:
    """The addresses of a running server, for HTTP and for gRPC."""
    work = tmp_path_factory.mktemp("serving")
    settings = work / "settings.yaml"
    settings.write_text(json.dumps({"threads": 1, "max_new_tokens": 24, "waiting": 64, "max_choices": 5}))
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    options = ("--settings", str(settings), "--grpc-port", str(port))
    with running_server(served.bundle, work / "log", *options) as (url, _):
        yield url, f"127.0.0.1:{port}"
    assert "Traceback" not in (work / "log").read_text()


@pytest.fixture(scope="session")
def serving(both_addresses) -> str:
    """The address of a running server."""
    return both_addresses[0]


@pytest.fixture(scope="session")
def client(serving) -> Iterator[httpx.Client]:
    """A client of it."""
    with httpx.Client(base_url=serving, timeout=60, trust_env=False) as http:
        yield http


@pytest.fixture(scope="session")
def picture_file(served) -> bytes:
    """A JPEG of a scene."""
    from inkling.components.artifacts.questions import Questions

    return next(iter(Questions.open(served.questions).images().values()))
