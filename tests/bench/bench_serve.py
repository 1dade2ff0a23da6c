"""Serving: tokens a second and time to the first and last token, one stream and many, against transformers' `generate`.

All servers have the same random weights and threads, and the greedy answers of 32 tokens of those in float32 are
checked to be the same; each phase runs on one and then on the others, in alternating rounds. Inkling's caches are off.
Inkling is better where it gives more tokens a second, and the first and last of them sooner.

Example:
    python tests/bench/bench_serve.py --sizes laptop --rounds 3
"""

import argparse
import asyncio
import base64
import json
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness import Row, report
from served_models import NEW_TOKENS, QUESTIONS, SIZES, picture, write_bundle

HERE = Path(__file__).resolve().parent
INKLING, TRANSFORMERS, INT8 = "Inkling", "transformers", "Inkling, 8 bits"
_START_SECONDS = 600.0


@dataclass(frozen=True)
class Server:
    """A running server: where it listens, how it is asked, and what its start took."""

    name: str
    port: int
    paths: dict[bool, str]  # of whole and of streamed answers
    body: Callable[[str, str | None, bool], dict[str, Any]]
    text: Callable[[Any], str]
    ready_seconds: float
    idle_mb: float


@dataclass(frozen=True)
class Timed:
    """Seconds to the first and to the last piece of an answer, and its text if it came whole."""

    first: float
    last: float
    text: str


@contextmanager
def started(command: Sequence[str], port: int, ready: str, **facts: Any) -> Iterator[Server]:
    """A server in a process of its own; ends with the block."""
    import psutil

    start = time.perf_counter()
    log = Path(tempfile.mkstemp()[1])
    with log.open("wb") as output:
        process = subprocess.Popen([sys.executable, *command], stdout=output, stderr=output, cwd=HERE)
    try:
        while not answers(port, ready):
            if process.poll() is not None or time.perf_counter() - start > _START_SECONDS:
                raise RuntimeError(f"{' '.join(command)} did not start: {log.read_text()[-2000:]}")
            time.sleep(0.05)
        seconds = time.perf_counter() - start
        time.sleep(1)
        memory = psutil.Process(process.pid).memory_full_info().uss / 1e6
        yield Server(port=port, ready_seconds=seconds, idle_mb=memory, **facts)
    finally:
        process.terminate()
        process.wait(30)
        log.unlink()


def answers(port: int, path: str) -> bool:
    """Whether a server answers 200."""
    try:
        with socket.create_connection(("127.0.0.1", port), 5) as connection:
            connection.sendall(f"GET {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n".encode())
            return connection.recv(15).startswith(b"HTTP/1.1 200")
    except OSError:
        return False


class Connection:
    """A kept HTTP connection with as little work of its own as can be: the client shares the processor."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def post(self, path: str, body: bytes) -> tuple[float, float, bytes]:
        """Seconds to the first piece of the body that has text and to the end, and the body."""
        if self._streams is None:
            self._streams = await asyncio.open_connection("127.0.0.1", self._port, limit=1 << 22)
        reader, writer = self._streams
        start = time.perf_counter()
        head = (
            f"POST {path} HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        writer.write(head.encode() + body)
        headers = (await reader.readuntil(b"\r\n\r\n")).lower()
        if not headers.startswith(b"http/1.1 200"):
            raise RuntimeError((headers + await reader.read(500)).decode())
        if b"content-length:" in headers:
            length = int(headers.split(b"content-length:")[1].split(b"\r\n")[0])
            found = await reader.readexactly(length)
            end = time.perf_counter() - start
            return end, end, found
        pieces, first = [], 0.0
        while size := int(await reader.readline(), 16):
            pieces.append((await reader.readexactly(size + 2))[:-2])
            if not first and b'"role"' not in pieces[-1]:
                first = time.perf_counter() - start
        await reader.readline()
        return first, time.perf_counter() - start, b"".join(pieces)

    def close(self) -> None:
        if self._streams is not None:
            self._streams[1].close()


async def load(server: Server, requests: Sequence[tuple[str, str | None]], streams: int, stream: bool) -> list[Timed]:
    """Sends all requests over so many connections at once, each as soon as it has its last answer."""
    waiting = list(enumerate(requests))[::-1]
    found: dict[int, Timed] = {}

    async def one() -> None:
        connection = Connection(server.port)
        while waiting:
            place, (question, image) = waiting.pop()
            body = json.dumps(server.body(question, image, stream)).encode()
            first, last, text = await connection.post(server.paths[stream], body)
            found[place] = Timed(first, last, "" if stream else server.text(json.loads(text)))
        connection.close()

    await asyncio.gather(*(one() for _ in range(streams)))
    return [found[place] for place in sorted(found)]


def compared(servers: Sequence[Server], visual: bool, streams: int, stream: bool, rounds: int, count: int) -> list[Row]:
    """A row a server: tokens a second, p50 and p99 to the first and last token, and how much faster the first is.

    A round of as many requests as streams comes before, and is not counted.
    """
    speeds: dict[str, list[float]] = {server.name: [] for server in servers}
    times: dict[str, list[Timed]] = {server.name: [] for server in servers}
    for number in range(rounds + 1):
        texts: dict[str, list[str]] = {}
        requests = [
            (QUESTIONS[place % len(QUESTIONS)],
             base64.b64encode(picture(number * count + place)).decode() if visual else None)
            for place in range(count if number else streams)
        ]  # fmt: skip
        for server in servers[:: 1 if number % 2 else -1]:
            start = time.perf_counter()
            found = asyncio.run(load(server, requests, streams, stream))
            if number:
                speeds[server.name].append(NEW_TOKENS * count / (time.perf_counter() - start))
                times[server.name] += found
            texts[server.name] = [answer.text for answer in found]
        assert stream or texts[INKLING] == texts[TRANSFORMERS], "the servers' answers differ"

    def moment(name: str, which: str, share: float) -> float:
        values = sorted(getattr(answer, which) for answer in times[name])
        return round(1000 * values[min(len(values) - 1, int(share * len(values)))], 1)

    ours = servers[0].name
    return [
        {
            "who": server.name,
            "tokens/s": round(statistics.median(speeds[server.name])),
            "first p50 ms": moment(server.name, "first", 0.5),
            "first p99 ms": moment(server.name, "first", 0.99),
            "last p50 ms": moment(server.name, "last", 0.5),
            "last p99 ms": moment(server.name, "last", 0.99),
            "first is faster by": round(
                statistics.median(
                    a / b for a, b in zip(speeds[ours], speeds[server.name], strict=True)
                ), 2,
            ),
        }
        for server in servers
    ]  # fmt: skip


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def chat(question: str, image: str | None, stream: bool) -> dict[str, Any]:
    """A question as the OpenAI API takes it."""
    content: Any = question
    if image is not None:
        content = [
            {"type": "text", "text": question},
            {"type": "image_url", "image_url": {"url": f"data:image/jpeg;base64,{image}"}},
        ]
    message = {"role": "user", "content": content}
    return {"model": "inkling", "messages": [message], "max_tokens": NEW_TOKENS, "stream": stream}


def inkling(name: str, bundle: Path, threads: int) -> AbstractContextManager[Server]:
    """Inkling's server of a bundle."""
    settings, port = bundle.with_suffix(".yaml"), free_port()
    settings.write_text(f"threads: {threads}\ncache_mib: 0\n")  # questions and pictures come again in other phases
    command = [
        "-m", "inkling.components.serve.server", "--bundle", str(bundle), "--port", str(port),
        "--settings", str(settings),
    ]  # fmt: skip
    return started(
        command, port, "/v2/models/inkling/ready", name=name, body=chat,
        paths=dict.fromkeys((False, True), "/openai/v1/chat/completions"),
        text=lambda found: found["choices"][0]["message"]["content"],
    )  # fmt: skip


def transformers(size: str, threads: int) -> AbstractContextManager[Server]:
    """The bare route of the same model."""
    port = free_port()
    return started(
        [str(HERE / "transformers_route.py"), size, str(port), str(threads)], port, "/ready", name=TRANSFORMERS,
        paths={False: "/whole", True: "/stream"},
        body=lambda question, image, _: {"question": question, "image": image, "max_tokens": NEW_TOKENS},
        text=lambda found: found["text"].lstrip(),
    )  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", nargs="+", default=SIZES, choices=SIZES)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--streams", type=int, default=16)
    parser.add_argument("--requests", type=int, default=48, help="of a round of many streams; a sixth of it for one")
    parser.add_argument("--int8", action="store_true", help="serve the decoder with weights in 8 bits too")
    options = parser.parse_args()
    tables: dict[str, list[Row]] = {}
    with tempfile.TemporaryDirectory() as folder:
        for size in options.sizes:
            bundle = write_bundle(size, Path(folder) / size)
            with ExitStack() as running:
                servers = [
                    running.enter_context(inkling(INKLING, bundle, options.threads)),
                    running.enter_context(transformers(size, options.threads)),
                ]
                if options.int8:
                    small = write_bundle(size, Path(folder) / f"{size}-int8", int8=True)
                    servers.append(running.enter_context(inkling(INT8, small, options.threads)))
                tables[f"{size}: start and memory"] = [
                    {"who": one.name, "s to ready": round(one.ready_seconds, 1), "idle MB": round(one.idle_mb)}
                    for one in servers
                ]
                for visual in (False, True):
                    for streams in (1, options.streams):
                        for stream in (False, True):
                            count = options.requests if streams > 1 else max(options.requests // 6, 2)
                            title = f"{size}, {'image' if visual else 'text'}, {streams} at once, " + (
                                "streamed" if stream else "whole"
                            )
                            tables[title] = compared(servers, visual, streams, stream, options.rounds, count)
                            print(title, tables[title], flush=True)
    report("serve", {"threads": options.threads, "new tokens": NEW_TOKENS, "weights": "random"}, tables)


if __name__ == "__main__":
    main()
