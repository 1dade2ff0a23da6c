"""No request costs the server much more than it costs its sender: memory, silence and the length of an error."""

import socket
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import grpc
import httpx
import pytest

from inkling.components.serve.process import running_server
from inkling.tests.components.serve.hostile import (
    PREDICT,
    Attack,
    binary_attacks,
    image_attacks,
    json_attacks,
)
from inkling.tests.components.serve.hostile_grpc import Call, answer_of, call_attacks
from inkling.tests.components.serve.watching import Memory, health_watched

MEGABYTE = 1_000_000
ERROR_BYTES = 2048  # the promise is 64 kB
SILENCE = 0.5
_SERVERS_FAULTS = (grpc.StatusCode.UNKNOWN, grpc.StatusCode.INTERNAL, grpc.StatusCode.DEADLINE_EXCEEDED)


@dataclass(frozen=True)
class Target:
    """A server under attack."""

    url: str
    http: httpx.Client
    calls: grpc.Channel
    memory: Memory

    def faults(self, attacks: Iterator[Attack | Call], silence: float | None = None) -> list[str]:
        """What went wrong in answering attacks, in words."""
        return [fault for attack in attacks for fault in self._faults(attack, silence)]

    def _faults(self, attack: Attack | Call, silence: float | None) -> list[str]:
        """The machine has other work: a silence counts if it comes back each time."""
        send, size = self._sending(attack)
        found = []
        before = self.memory.now()
        self.memory.forget_peak()
        for _ in range(3):
            with health_watched(self.url) as seconds:
                started = time.monotonic()
                status, text = send()
                took = time.monotonic() - started
            if silence is None or max(seconds) <= silence:
                break
        else:
            found.append(f"health silent for {max(seconds):.2f} s")
        grown, allowed = self.memory.peak() - before, 20 * size + 100 * MEGABYTE
        if grown > allowed:
            found.append(f"{grown / MEGABYTE:.0f} MB of {allowed / MEGABYTE:.0f}")
        if status in _SERVERS_FAULTS or (isinstance(status, int) and status >= 500):
            found.append(text[:200])
        if status not in (200, grpc.StatusCode.OK) and len(text.encode()) > ERROR_BYTES:
            found.append(f"an error of {len(text):,} characters")
        return [f"{attack.name} ({size:,} bytes, {status}, {took:.1f} s): {fault}" for fault in found]

    def _sending(self, attack: Attack | Call) -> tuple[Callable[[], tuple[object, str]], int]:
        """What sends an attack and gives its status and text, and how many bytes that takes."""
        if isinstance(attack, Call):
            return partial(answer_of, self.calls, attack), attack.bytes_sent

        def post() -> tuple[int, str]:
            response = self.http.post(attack.path, content=attack.body, headers=attack.headers)
            return response.status_code, response.text

        return post, len(attack.body)


@pytest.fixture(scope="module")
def target(served, tmp_path_factory) -> Iterator[Target]:
    log = tmp_path_factory.mktemp("server") / "log"
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with (
        running_server(served.bundle, log, "--grpc-port", str(port)) as (url, process),
        httpx.Client(base_url=url, timeout=300, trust_env=False) as http,
        grpc.insecure_channel(f"127.0.0.1:{port}", [("grpc.max_send_message_length", -1)]) as calls,
    ):
        http.post(PREDICT, json={"instances": [{"question": "a"}]}).raise_for_status()
        yield Target(url, http, calls, Memory(process.pid))
    assert_no_trace(log)


def assert_no_trace(log: Path) -> None:
    text = log.read_text()
    assert "Traceback" not in text, text[text.index("Traceback") - 300 :][:3000]


def test_small_requests_cost_little(target):
    attacks = [
        *[*json_attacks(20_000)][::9], *binary_attacks(MEGABYTE), *[*json_attacks(2 * MEGABYTE)][::17],
        *[*call_attacks(20_000)][::2], *[*call_attacks(2 * MEGABYTE)][::5],
    ]  # fmt: skip
    assert not target.faults(iter(attacks))


def test_images_cost_little(target):
    assert not target.faults(iter([*image_attacks()][::2]))


@pytest.mark.soak
@pytest.mark.parametrize("size", [1_000, 100_000, MEGABYTE, 12 * MEGABYTE])
def test_requests_of_any_size_cost_little(target, size):
    assert not target.faults(json_attacks(size), SILENCE)
    assert not target.faults(binary_attacks(min(size, 11 * MEGABYTE)), SILENCE)
    assert not target.faults(call_attacks(size), SILENCE)


@pytest.mark.soak
def test_images_in_any_number_cost_little(target):
    for _ in range(3):
        assert not target.faults(image_attacks(), SILENCE)


def test_refused_calls_are_not_kept(target):
    """An error that holds its message in a circle is found late: forty of them would fill a pod."""
    calls = [call for call in call_attacks(12 * MEGABYTE) if call.name in ("long text", "long name", "groups")]
    target.faults(iter(calls * 2))
    before = target.memory.now()
    target.faults(iter(calls * 4))
    assert target.memory.now() < before + 60 * MEGABYTE


@pytest.mark.soak
def test_nothing_is_kept_of_any(target):
    """Of further rounds: the first one fills what stays for good, such as the threads' stacks and the caches."""

    def everything() -> Iterator[Attack | Call]:
        for size in (1_000, MEGABYTE, 12 * MEGABYTE):
            yield from json_attacks(size)
            yield from call_attacks(size)
        yield from image_attacks()

    kept = []
    for _ in range(3):
        target.faults(everything())
        kept.append(target.memory.now())
    assert max(kept[1:]) < 1.1 * kept[0], kept
