"""Thousands of odd requests over every route and protocol: refused or answered, never a failure; nothing is kept."""

import json
import random
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import grpc
import httpx
import pytest

from inkling.components.serve.process import running_server
from inkling.tests.components.serve.hostile_grpc import Call, answer_of
from inkling.tests.components.serve.mutations import GOOD, Odd, odd_calls, odd_requests
from inkling.tests.components.serve.watching import Memory

CLIENTS = 4
ERROR_BYTES = 2048
UNIMPLEMENTED = (":explain", "/load", "/unload", "/versions/1/infer")
_FAILURES = (grpc.StatusCode.UNKNOWN, grpc.StatusCode.INTERNAL, grpc.StatusCode.DEADLINE_EXCEEDED)


@dataclass(frozen=True)
class Answering:
    """A server, and clients of it."""

    http: httpx.Client
    calls: grpc.Channel
    memory: Memory

    def faults(self, count: int, seed: int) -> list[str]:
        """What went wrong in answering so many odd requests, in words."""
        schema = self.http.get("/openapi.json").json()
        odd = [*odd_requests(count - count // 4, seed, schema), *odd_calls(count // 4, seed)]
        random.Random(seed).shuffle(odd)
        with ThreadPoolExecutor(CLIENTS) as clients:
            return [fault for fault in clients.map(self._fault, odd) if fault]

    def _fault(self, request: Odd | Call) -> str:
        if isinstance(request, Call):
            code, words = answer_of(self.calls, request)
            wrong = code in _FAILURES or len(words) > ERROR_BYTES
            return f"{request.method} {request.message[:300]!r}: {code} {words[:300]}" if wrong else ""
        headers = {name: value.encode("latin-1") for name, value in request.headers.items()}
        response = self.http.request(request.method, request.path, content=request.body, headers=headers)
        status = response.status_code
        failed = status >= 500 and not (status == 501 and request.path.endswith(UNIMPLEMENTED))
        if failed or (response.is_error and len(response.content) > ERROR_BYTES):
            return f"{request}: {status} {response.text[:300]}"
        return ""

    def good_answers(self) -> list[dict]:
        """What good requests are answered, ids and times left out."""
        found = []
        for path, body in GOOD.items():
            answer = self.http.post(path, json=body).raise_for_status().json()
            found.append({name: value for name, value in answer.items() if name not in ("id", "created")})
        return found


@pytest.fixture(scope="module")
def server(served, tmp_path_factory) -> Iterator[Answering]:
    folder = tmp_path_factory.mktemp("server")
    log, settings = folder / "log", folder / "settings.yaml"
    settings.write_text(json.dumps({"threads": 1, "cache_mib": 2}))  # full before memory is compared
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with (
        running_server(served.bundle, log, "--grpc-port", str(port), "--settings", str(settings)) as (url, process),
        httpx.Client(base_url=url, timeout=60, trust_env=False) as http,
        grpc.insecure_channel(f"127.0.0.1:{port}") as calls,
    ):
        yield Answering(http, calls, Memory(process.pid))
    assert "Traceback" not in log.read_text()


def test_odd_requests_are_drawn_alike(server):
    schema = server.http.get("/openapi.json").json()
    first, again = (list(odd_requests(200, 3, schema)) for _ in range(2))
    assert first == again
    assert len({one.path for one in first}) > 10


def test_odd_requests_are_refused_or_answered(server):
    before = server.good_answers()
    assert not server.faults(600, 1)
    assert server.good_answers() == before


@pytest.mark.soak
def test_ten_thousand_odd_requests_are_refused_or_answered_and_not_kept(server):
    before = server.good_answers()
    assert not server.faults(2_000, 2)
    warm = server.memory.now()
    kept = []
    for seed in range(3, 7):
        assert not server.faults(2_000, seed)
        kept.append(server.memory.now() / warm)
    print("resident memory over that after 2,000 requests:", [round(one, 3) for one in kept])
    assert kept[-1] < 1.1
    assert server.good_answers() == before
