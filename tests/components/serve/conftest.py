"""One server of the small model for the tests of what it answers."""

import json
from collections.abc import Iterator

import httpx
import pytest

from inkling.components.serve.process import running_server


@pytest.fixture(scope="session")
def serving(served, tmp_path_factory) -> Iterator[str]:
    """The address of a running server."""
    work = tmp_path_factory.mktemp("serving")
    settings = work / "settings.yaml"
    settings.write_text(json.dumps({"threads": 1, "max_new_tokens": 24, "waiting": 64, "max_choices": 5}))
    with running_server(served.bundle, work / "log", "--settings", str(settings)) as (url, _):
        yield url
    assert "Traceback" not in (work / "log").read_text()


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
