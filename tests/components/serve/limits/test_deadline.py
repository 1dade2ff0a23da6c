"""The time a request may take: beyond it the work is dropped, and every protocol says so in its own form."""

import asyncio
import json
import socket
import time
from collections.abc import Iterator
from typing import Any

import grpc
import httpx
import pytest
from kserve.protocol.grpc import grpc_predict_v2_pb2 as pb
from kserve.protocol.grpc import grpc_predict_v2_pb2_grpc

from inkling.components.serve.limits.deadline import Deadline
from inkling.components.serve.process import running_server

POST = {"type": "http", "method": "POST", "path": "/v1/chat/completions"}
EVENTS = {"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/event-stream")]}
SECONDS = 0.0001  # before any answer: the model computes in another thread


def sent(app: Any, seconds: float) -> list[dict[str, Any]]:
    """The messages that an application's answer to a POST becomes."""
    messages: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: dict[str, Any]) -> None:
        messages.append(message)

    asyncio.run(Deadline(app, seconds)(POST, receive, send))
    return messages


def piece(body: bytes, more: bool) -> dict[str, Any]:
    return {"type": "http.response.body", "body": body, "more_body": more}


def test_an_answer_in_time_passes() -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send(EVENTS)
        await send(piece(b"a", False))

    assert sent(app, 20) == [EVENTS, piece(b"a", False)]


def test_a_stream_over_its_time_ends_with_the_error_and_nothing_after_it() -> None:
    given_up = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send(EVENTS)
        await send(piece(b"a", True))
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            given_up.append(True)
            raise

    *before, last = sent(app, 0.05)
    assert before == [EVENTS, piece(b"a", True)] and given_up
    assert last["more_body"] is False
    error = json.loads(last["body"].removeprefix(b"data: "))["error"]
    assert error["type"] == "timeout_error" and "within 0.05 s" in error["message"]


def test_a_timeout_of_something_else_is_not_taken_for_it() -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        raise TimeoutError("another")

    with pytest.raises(TimeoutError, match="another"):
        sent(app, 20)


@pytest.fixture(scope="module")
def hurried(served: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[httpx.Client, str]]:
    """A client of a server that has no time, and the server's address for gRPC."""
    work = tmp_path_factory.mktemp("hurried")
    settings = work / "settings.yaml"
    settings.write_text(json.dumps({"threads": 1, "answer_seconds": SECONDS}))
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    options = ("--settings", str(settings), "--grpc-port", str(port))
    with (
        running_server(served.bundle, work / "log", *options) as (url, _),
        httpx.Client(base_url=url, timeout=60, trust_env=False) as client,
    ):
        yield client, f"127.0.0.1:{port}"
    assert "Traceback" not in (work / "log").read_text()


def counted(http: httpx.Client, protocol: str) -> None:
    """Waits until a refusal is counted, a moment after it was read, and none of the work is left."""
    wanted = (f'inkling_refusals_total{{protocol="{protocol}",reason="time_limit"}}', "inkling_requests_admitted 0.0")
    end = time.monotonic() + 20
    while not all(line in (figures := http.get("/metrics").text) for line in wanted):
        assert time.monotonic() < end, figures
        time.sleep(0.05)


QUESTION = {"name": "question", "shape": [1], "datatype": "BYTES", "data": ["What colour is the disc?"]}
CHAT = {"model": "inkling", "messages": [{"role": "user", "content": "What colour is the disc?"}]}


@pytest.mark.parametrize(
    ("path", "body", "protocol"),
    [
        ("/v1/models/inkling:predict", {"instances": [{"question": "a"}] * 4}, "v1"),
        ("/v2/models/inkling/infer", {"inputs": [QUESTION]}, "v2"),
        ("/v1/chat/completions", CHAT, "openai"),
        ("/openai/v1/completions", {"model": "inkling", "prompt": ["a", "b"]}, "openai"),
    ],
)
def test_each_protocol_says_it_in_its_form(
    hurried: tuple[httpx.Client, str], path: str, body: Any, protocol: str
) -> None:
    http, _ = hurried
    response = http.post(path, json=body)
    assert (response.status_code, response.headers["retry-after"]) == (408, "1")
    error = response.json()["error"]
    assert f"within {SECONDS:g} s" in (error["message"] if protocol == "openai" else error)
    counted(http, protocol)


def test_a_call_over_its_time_ends_with_its_code(hurried: tuple[httpx.Client, str]) -> None:
    http, address = hurried
    tensor = pb.ModelInferRequest.InferInputTensor(name="question", datatype="BYTES", shape=[1])
    tensor.contents.bytes_contents.append(b"What colour is the disc?")
    with grpc.insecure_channel(address) as channel, pytest.raises(grpc.RpcError) as raised:
        grpc_predict_v2_pb2_grpc.GRPCInferenceServiceStub(channel).ModelInfer(
            pb.ModelInferRequest(model_name="inkling", inputs=[tensor]), timeout=60
        )
    assert raised.value.code() is grpc.StatusCode.DEADLINE_EXCEEDED
    assert "the server's limit for a request" in raised.value.details()
    counted(http, "grpc")
