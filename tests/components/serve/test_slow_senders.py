"""Five hundred clients that send slowly, or half of a request and no more: the server answers others, and cuts them."""

import asyncio
import random
import time
from pathlib import Path

import httpx
import pytest

from inkling.components.serve.process import running_server
from inkling.tests.components.serve.hostile import CHAT, INFER, PREDICT
from inkling.tests.components.serve.watching import Memory, health_watched

GIBIBYTE = 1 << 30
SENDERS = 500
BODY = 12_000_000
ANSWERED_SECONDS = 30.0


async def stall(address: tuple[str, int], number: int) -> float:
    """Sends some of a request, and waits; gives the seconds until the server closed."""
    draw = random.Random(number)
    path = draw.choice((CHAT, INFER, PREDICT, "/v1/completions"))
    head = f"POST {path} HTTP/1.1\r\nHost: a\r\nContent-Length: {BODY}\r\n"
    sent = {
        0: b"", 1: b"POST", 2: head.encode(), 3: head.encode() + b"\r\n{",
        4: head.encode() + b"\r\n" + b'"' + b"a" * 60_000, 5: head.encode() + b"\r\n" + b'"' + b"a" * (BODY - 10),
        6: f"{head}Transfer-Encoding: chunked\r\n\r\n".replace(f"Content-Length: {BODY}\r\n", "").encode() + b"9\r\na",
    }[number % 7]  # fmt: skip
    reader, writer = await asyncio.open_connection(*address)
    started = time.monotonic()

    async def drip() -> None:
        while number % 2 and number % 7 in (1, 2, 3, 4):
            writer.write(b"a")
            await asyncio.sleep(1)

    writer.write(sent)
    dripping = asyncio.create_task(drip())
    try:
        while await reader.read(1 << 16):
            pass
    except ConnectionError:
        pass
    dripping.cancel()
    writer.close()
    return time.monotonic() - started


async def ask(url: str, until: asyncio.Event) -> list[int]:
    """Asks good questions one after the other; gives the statuses."""
    found = []
    async with httpx.AsyncClient(base_url=url, timeout=ANSWERED_SECONDS, trust_env=False) as http:
        while not until.is_set() or not found:
            body = {"model": "inkling", "messages": [{"role": "user", "content": "What?"}], "max_tokens": 4}
            found.append((await http.post(CHAT, json=body)).status_code)
            await asyncio.sleep(0.2)
    return found


@pytest.mark.soak
def test_five_hundred_slow_senders_leave_the_server_answering(served, tmp_path: Path):
    settings = tmp_path / "settings.yaml"
    settings.write_text("threads: 1\nbody_seconds: 20\n")

    async def scenario(url: str) -> tuple[list[float], list[int]]:
        host, _, port = url.removeprefix("http://").rpartition(":")
        over = asyncio.Event()
        asking = asyncio.create_task(ask(url, over))
        cut = await asyncio.gather(*(stall((host, int(port)), number) for number in range(SENDERS)))
        over.set()
        return cut, await asking

    with running_server(served.bundle, tmp_path / "log", "--settings", str(settings)) as (url, process):
        memory = Memory(process.pid)
        before = memory.now()
        memory.forget_peak()
        with health_watched(url) as silent:
            cut, statuses = asyncio.run(scenario(url))
        peak = memory.peak()
    print(
        f"\n{SENDERS} senders cut after {min(cut):.0f} to {max(cut):.0f} s; {len(statuses)} questions answered beside"
    )
    print(f"resident {before / 1e6:.0f} MB, at most {peak / 1e6:.0f}; health silent for {max(silent):.2f} s at most")
    assert set(statuses) == {200}
    assert peak < 2 * GIBIBYTE
    assert max(cut) < 40
    assert "Traceback" not in (tmp_path / "log").read_text()
