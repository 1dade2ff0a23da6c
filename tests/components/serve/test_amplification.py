"""No request costs the server much more than it costs its sender: memory, silence and the length of an error."""

import time
from collections.abc import Iterator

import httpx
import pytest

from inkling.components.serve.process import running_server
from inkling.tests.components.serve.hostile import (
    Attack,
    Memory,
    binary_attacks,
    health_watched,
    image_attacks,
    json_attacks,
)

MEGABYTE = 1_000_000
ERROR_BYTES = 2048  # the promise is 64 kB


@pytest.fixture(scope="module")
def server(served, tmp_path_factory) -> Iterator[tuple[str, int]]:
    with running_server(served.bundle, tmp_path_factory.mktemp("server") / "log") as (url, process):
        yield url, process.pid


def faults(server: tuple[str, int], attacks: Iterator[Attack], silence: float | None = None) -> list[str]:
    """What went wrong in answering attacks, in words."""
    url, pid = server
    memory, found = Memory(pid), []
    with httpx.Client(base_url=url, timeout=300, trust_env=False) as http:
        http.post("/v1/models/inkling:predict", json={"instances": [{"question": "a"}]}).raise_for_status()
        for attack in attacks:
            before = memory.now()
            memory.forget_peak()
            with health_watched(url) as seconds:
                started = time.monotonic()
                response = http.post(attack.path, content=attack.body, headers=attack.headers)
                took = time.monotonic() - started
            grown, allowed = memory.peak() - before, 20 * len(attack.body) + 100 * MEGABYTE
            name = f"{attack.name} ({len(attack.body):,} bytes, {response.status_code}, {took:.1f} s)"
            if response.status_code >= 500:
                found.append(f"{name}: {response.text[:200]}")
            if grown > allowed:
                found.append(f"{name}: {grown / MEGABYTE:.0f} MB of {allowed / MEGABYTE:.0f}")
            if response.is_error and len(response.content) > ERROR_BYTES:
                found.append(f"{name}: an error of {len(response.content):,} bytes")
            if silence is not None and max(seconds) > silence:
                found.append(f"{name}: health silent for {max(seconds):.2f} s")
    return found


def test_small_requests_cost_little(server):
    attacks = [*[*json_attacks(20_000)][::4], *binary_attacks(MEGABYTE), *[*json_attacks(2 * MEGABYTE)][::16]]
    assert not faults(server, iter(attacks))


def test_images_cost_little(server):
    assert not faults(server, iter([*image_attacks()][::2]))


@pytest.mark.soak
@pytest.mark.parametrize("size", [1_000, 100_000, MEGABYTE, 12 * MEGABYTE])
def test_requests_of_any_size_cost_little(server, size):
    assert not faults(server, json_attacks(size), silence=0.5)
    assert not faults(server, binary_attacks(min(size, 11 * MEGABYTE)), silence=0.5)


@pytest.mark.soak
def test_images_in_any_number_cost_little(server):
    before = Memory(server[1]).now()
    for _ in range(3):
        assert not faults(server, image_attacks(), silence=0.5)
    assert Memory(server[1]).now() < before + 150 * MEGABYTE
