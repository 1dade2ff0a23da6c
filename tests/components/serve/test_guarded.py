"""A server that wants a token, names an origin and has room for two requests: over gRPC, and from a browser."""

import json
import re
import socket
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import grpc
import httpx
import pytest
from kserve.protocol.grpc import grpc_predict_v2_pb2 as pb
from kserve.protocol.grpc import grpc_predict_v2_pb2_grpc

from inkling.components.serve.process import running_server

TOKEN, ORIGIN = "a-token-of-these-tests", "https://example.org"
CHAT = "/v1/chat/completions"
PREFLIGHT = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization"}
ALLOWED = "access-control-allow-origin"


@pytest.fixture(scope="module")
def guarded(served: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[httpx.Client, Any]]:
    """A client of the server without a token, and a stub of its gRPC."""
    work = tmp_path_factory.mktemp("guarded")
    (work / "token").write_text(TOKEN)
    settings = {"threads": 1, "max_batch": 1, "waiting": 1, "max_new_tokens": 64}
    settings |= {"token_file": str(work / "token"), "cors_origins": [ORIGIN]}
    (work / "settings.yaml").write_text(json.dumps(settings))
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    options = ("--settings", str(work / "settings.yaml"), "--grpc-port", str(port))
    with (
        running_server(served.bundle, work / "log", *options) as (url, _),
        httpx.Client(base_url=url, timeout=60, trust_env=False) as client,
        grpc.insecure_channel(f"127.0.0.1:{port}") as channel,
    ):
        yield client, grpc_predict_v2_pb2_grpc.GRPCInferenceServiceStub(channel)
    assert "Traceback" not in (work / "log").read_text()


def call(stub: Any, token: str | None) -> grpc.StatusCode:
    """The code that an inference ends with."""
    tensor = pb.ModelInferRequest.InferInputTensor(name="question", datatype="BYTES", shape=[1])
    tensor.contents.bytes_contents.append(b"What colour is the disc?")
    metadata = [] if token is None else [("authorization", f"Bearer {token}")]
    try:
        stub.ModelInfer(pb.ModelInferRequest(model_name="inkling", inputs=[tensor]), metadata=metadata, timeout=60)
    except grpc.RpcError as error:
        return error.code()
    return grpc.StatusCode.OK


def test_calls_carry_the_token_and_probes_need_none(guarded: tuple[httpx.Client, Any]) -> None:
    _, stub = guarded
    assert stub.ServerReady(pb.ServerReadyRequest(), timeout=60).ready
    assert call(stub, None) is call(stub, "a-token-of-others-tests") is grpc.StatusCode.UNAUTHENTICATED
    assert call(stub, TOKEN) is grpc.StatusCode.OK


def test_too_many_calls_are_told_so_and_the_others_are_answered(guarded: tuple[httpx.Client, Any]) -> None:
    _, stub = guarded
    with ThreadPoolExecutor(24) as pool:
        codes = Counter(pool.map(lambda _: call(stub, TOKEN), range(48)))
    assert set(codes) == {grpc.StatusCode.OK, grpc.StatusCode.RESOURCE_EXHAUSTED}, codes
    assert call(stub, TOKEN) is grpc.StatusCode.OK


def test_a_named_origin_may_ask_and_no_other(guarded: tuple[httpx.Client, Any]) -> None:
    http, _ = guarded
    allowed = http.options(CHAT, headers={"Origin": ORIGIN, **PREFLIGHT})
    assert (allowed.status_code, allowed.headers[ALLOWED]) == (200, ORIGIN)
    other = http.options(CHAT, headers={"Origin": "https://example.com", **PREFLIGHT})
    assert other.status_code == 400 and ALLOWED not in other.headers
    refused = http.post(CHAT, json={}, headers={"Origin": ORIGIN})
    assert (refused.status_code, refused.headers[ALLOWED]) == (401, ORIGIN), "its page can read why"


def test_by_default_no_origin_may_ask(client: httpx.Client) -> None:
    for response in (
        client.options(CHAT, headers={"Origin": ORIGIN, **PREFLIGHT}),
        client.post(CHAT, json={}, headers={"Origin": ORIGIN}),
        client.get("/v1/models", headers={"Origin": ORIGIN}),
    ):
        assert not [name for name in response.headers if name.startswith("access-control-")]


def test_the_list_of_routes_loads_nothing_from_elsewhere(client: httpx.Client) -> None:
    page = client.get("/docs")
    assert page.headers["content-type"].startswith("text/html")
    assert "/v1/chat/completions" in page.text and "/v2/models/" in page.text
    assert re.findall(r"""(?:src|href|action)\s*=\s*["']?([^"'\s>]+)|url\(|@import""", page.text) == ["/openapi.json"]
    assert client.get("/redoc").status_code == 404
