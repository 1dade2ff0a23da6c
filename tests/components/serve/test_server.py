"""The real server on loopback: every protocol with and without an image, and what it refuses."""

import base64
import io
import json
import socket
import struct
import threading
import time
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import grpc
import httpx
import numpy as np
import pytest
from kserve import InferInput, InferRequest
from kserve.protocol.grpc import grpc_predict_v2_pb2, grpc_predict_v2_pb2_grpc
from PIL import Image

from inkling.components.artifacts.answers import Answers
from inkling.components.artifacts.questions import Questions
from inkling.components.serve.client import Client, ServerRefused, data_uri
from inkling.components.serve.process import ServerFailed, running_server
from inkling.pipelines.commands.ask import ask

SETTINGS = {"threads": 1, "max_body_bytes": 400_000, "max_new_tokens": 64, "waiting": 64, "max_choices": 5}
CHAT = "/openai/v1/chat/completions"
INFER = "/v2/models/inkling/infer"
PREDICT = "/v1/models/inkling:predict"


@dataclass(frozen=True)
class Running:
    url: str
    pid: int
    grpc: str
    log: Path


@pytest.fixture(scope="module")
def server(served, tmp_path_factory) -> Iterator[Running]:
    work = tmp_path_factory.mktemp("server")
    settings = work / "settings.yaml"
    settings.write_text(json.dumps(SETTINGS))
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    options = ("--settings", str(settings), "--grpc-port", str(port))
    with running_server(served.bundle, work / "log", *options) as (url, process):
        yield Running(url, process.pid, f"127.0.0.1:{port}", work / "log")


@pytest.fixture(scope="module")
def http(server) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=server.url, timeout=60, trust_env=False) as client:
        yield client


@pytest.fixture(scope="module")
def examples(served) -> list[tuple]:
    """Questions with their images and the evaluator's choices in the visual and the blind view."""
    artifact, answers = Questions.open(served.questions), Answers.open(served.answers)
    images, visual, blind = artifact.images(), answers.choices("visual"), answers.choices("blind")
    return [
        (one, images[one.image_id], {"visual": visual[one.question_id], "blind": blind[one.question_id]})
        for one in artifact.questions()
    ]


def tensor(name: str, *values: str) -> dict:
    return {"name": name, "shape": [len(values)], "datatype": "BYTES", "data": list(values)}


def message(*parts: dict | str) -> list[dict]:
    return [
        {
            "role": "user",
            "content": [{"type": "text", "text": part} if isinstance(part, str) else part for part in parts],
        }
    ]


def image_part(url: str) -> dict:
    return {"type": "image_url", "image_url": {"url": url}}


def png(width: int, height: int) -> bytes:
    """A PNG that claims a size and holds a few bytes of pixels."""
    header, pixels = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0), zlib.compress(bytes(10))
    chunks = [(b"IHDR", header), (b"IDAT", pixels), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in chunks
    )


def test_is_ready_and_says_what_it_takes(http):
    assert http.get("/v2/models/inkling/ready").json() == {"name": "inkling", "ready": True}
    described = http.get("/v2/models/inkling").json()
    assert [one["name"] for one in described["inputs"]] == ["question", "image", "choices"]
    assert [one["name"] for one in described["outputs"]] == ["answer", "view", "choice", "log_likelihoods"]
    assert http.get("/openai/v1/models").json()["data"][0]["id"] == "inkling"


def test_needs_no_torch(server):
    assert "torch" not in Path(f"/proc/{server.pid}/maps").read_text()


def test_listens_on_this_machine_only(server):
    ports = {int(address.rpartition(":")[2]) for address in (server.url, server.grpc)}
    listening = []
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/{server.pid}/net/{table}").read_text().splitlines()[1:]:
            address, state = line.split()[1], line.split()[3]
            if state == "0A" and int(address.rpartition(":")[2], 16) in ports:
                listening.append(address.rpartition(":")[0])
    assert sorted(listening) == ["0000000000000000FFFF00000100007F", "0100007F"]  # gRPC's is mapped into IPv6


def test_v1_chooses_as_the_evaluator(http, examples):
    instances = [
        {"question": one.question, "choices": one.choices, **({"image": data_uri(image)} if view == "visual" else {})}
        for one, image, _ in examples[:4]
        for view in ("visual", "blind")
    ]
    predictions = http.post(PREDICT, json={"instances": instances}).json()["predictions"]
    expected = [choices[view] for _, _, choices in examples[:4] for view in ("visual", "blind")]
    assert [one["choice"] for one in predictions] == expected
    assert [one["view"] for one in predictions] == ["visual", "blind"] * 4
    for one in predictions:
        assert one["answer"] == examples[0][0].choices[one["choice"]]
        assert max(one["log_likelihoods"]) == one["log_likelihoods"][one["choice"]]


def test_v2_chooses_as_the_evaluator(server, examples):
    with Client(server.url) as client:
        for one, image, choices in examples:
            assert client.choose(one.question, one.choices, image)[:2] == (choices["visual"], "visual")
            assert client.choose(one.question, one.choices, None)[:2] == (choices["blind"], "blind")


def test_v2_answers_in_words_and_keeps_the_id(http):
    request = {"id": "mine", "inputs": [tensor("question", "What colour is the disc?")]}
    response = http.post(INFER, json=request).json()
    assert response["id"] == "mine"
    assert {one["name"] for one in response["outputs"]} == {"answer", "view"}
    del request["id"]
    assert http.post(INFER, json=request).json()["id"]


@pytest.mark.parametrize("raw", [False, True])
def test_v2_takes_binary_tensors_of_text(http, examples, raw):
    one, image, choices = examples[0]
    inputs = [
        InferInput("question", [1], "BYTES"),
        InferInput("image", [1], "BYTES"),
        InferInput("choices", [4], "BYTES"),
    ]
    for item, values in zip(
        inputs, ([one.question], [image if raw else base64.b64encode(image)], one.choices), strict=True
    ):
        item.set_data_from_numpy(np.array(values, dtype=object), binary_data=True)
    body, length = InferRequest("inkling", inputs).to_rest()
    headers = {"Inference-Header-Content-Length": str(length), "Content-Type": "application/octet-stream"}
    response = http.post(INFER, content=body, headers=headers)
    assert {one["name"]: one["data"] for one in response.json()["outputs"]}["choice"] == [choices["visual"]]


def test_v2_returns_only_requested_outputs(http):
    inputs = [tensor("question", "What colour is the disc?"), tensor("choices", "red", "blue")]
    response = http.post(INFER, json={"inputs": inputs, "outputs": [{"name": "choice"}]}).json()
    assert [one["name"] for one in response["outputs"]] == ["choice"]


def test_grpc_chooses_as_the_evaluator(server, http, examples):
    one, image, choices = examples[1]
    before = figures(http)
    inputs = [
        InferInput("question", [1], "BYTES", [one.question]),
        InferInput("choices", [4], "BYTES", list(one.choices)),
        InferInput("image", [1], "BYTES", [image]),
    ]
    with grpc.insecure_channel(server.grpc) as channel:
        stub = grpc_predict_v2_pb2_grpc.GRPCInferenceServiceStub(channel)
        response, call = stub.ModelInfer.with_call(
            InferRequest("inkling", inputs).to_grpc(), timeout=30, metadata=[("x-request-id", "mine-2")]
        )
        assert ("x-request-id", "mine-2") in [tuple(one) for one in call.initial_metadata()]
        outputs = {one.name: one.contents for one in response.outputs}
        assert list(outputs["choice"].int64_contents) == [choices["visual"]]
        assert list(outputs["view"].bytes_contents) == [b"visual"]
        wrong = InferRequest("inkling", [InferInput("question", [1], "FP32", [1.0])]).to_grpc()
        with pytest.raises(grpc.RpcError) as refused:
            stub.ModelInfer(wrong, timeout=30)
        assert refused.value.code() is grpc.StatusCode.INVALID_ARGUMENT
        assert "must be BYTES" in refused.value.details()
        unload = grpc_predict_v2_pb2.RepositoryModelUnloadRequest(model_name="inkling")
        with pytest.raises(grpc.RpcError) as refused:
            stub.RepositoryModelUnload(unload, timeout=30)
        assert refused.value.code() is grpc.StatusCode.UNIMPLEMENTED
    after = figures(http)
    for name in (
        'inkling_request_seconds_count{protocol="grpc"}',
        'inkling_refusals_total{protocol="grpc",reason="invalid"}',
    ):
        assert after[name] == before.get(name, 0) + 1


@pytest.mark.parametrize("view", ["visual", "blind"])
def test_chat_streamed_and_whole_are_the_same(http, examples, view):
    one, image, _ = examples[0]
    parts = [one.question, image_part(data_uri(image))] if view == "visual" else [one.question]
    request = {"model": "inkling", "messages": message(*parts), "max_tokens": 12, "temperature": 0}
    whole = http.post(CHAT, json=request).json()
    assert whole["view"] == view
    assert whole["object"] == "chat.completion"
    usage = whole["usage"]
    assert usage["completion_tokens"] == 12
    assert usage["total_tokens"] == usage["prompt_tokens"] + 12
    assert whole["choices"][0]["finish_reason"] == "length"
    lines = http.post(CHAT, json={**request, "stream": True}).text.split("\n\n")
    assert lines[-2:] == ["data: [DONE]", ""]
    chunks = [json.loads(line.removeprefix("data: ")) for line in lines[:-2]]
    assert {chunk["view"] for chunk in chunks} == {view}
    assert [chunk["choices"][0]["finish_reason"] for chunk in chunks][-1] == "length"
    said = "".join(chunk["choices"][0]["delta"].get("content", "") for chunk in chunks)
    assert said == whole["choices"][0]["message"]["content"]
    assert len(chunks) > 4


def test_chat_takes_plain_text_content(http):
    request = {
        "model": "inkling",
        "messages": [{"role": "user", "content": "What colour is the disc?"}],
        "max_tokens": 2,
    }
    assert http.post(CHAT, json=request).json()["view"] == "blind"


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"{", "format"),
        (b"[1]", "must be"),
        (b"{}", "must be"),
        (b'{"instances": 3}', "must be"),
        (b'{"instances": []}', "must be"),
        (b'{"instances": [7]}', "instances.0"),
        (b'{"instances": [{}]}', "instances.0.question"),
        (b'{"instances": [{"question": 3}]}', "instances.0.question"),
        (b'{"instances": [{"question": "a", "picture": "b"}]}', "instances.0.picture"),
        (b'{"instances": [{"question": " "}]}', "question is empty"),
        (b'{"instances": [{"question": "a", "image": "&&"}]}', "base64"),
        (b'{"instances": [{"question": "a", "image": ""}]}', "image is empty"),
        (b'{"instances": [{"question": "a", "image": "data:image/png,xx"}]}', "data URI"),
        (b'{"instances": [{"question": "a", "choices": ["b"]}]}', "1 choices"),
        (b'{"instances": [{"question": "a", "choices": ["b", "c", "d", "e", "f", "g"]}]}', "6 choices"),
        (b'{"instances": [{"question": "a", "choices": ["b", " "]}]}', "answer is empty"),
        (b'{"instances": [{"question": "a <|eos|>"}]}', "may not contain"),
        (json.dumps({"instances": [{"question": "why " * 200}]}).encode(), "tokens"),
        (json.dumps({"instances": [{"question": "a", "choices": ["b", "why " * 200]}]}).encode(), "tokens"),
        (json.dumps({"instances": [{"question": "why " * 20_000}]}).encode(), "80,000 characters"),
        (json.dumps({"instances": [{"question": "a"}] * 17}).encode(), "17 instances"),
    ],
)
@pytest.mark.parametrize("content_type", ["application/json", "text/plain", None])
def test_v1_refuses_with_words(http, body, words, content_type):
    headers = {} if content_type is None else {"Content-Type": content_type}
    response = http.post(PREDICT, content=body, headers=headers)
    assert response.status_code == 400, response.text
    assert words in response.json()["error"]


def test_v1_answers_without_a_content_type(http):
    response = http.post(PREDICT, content=b'{"instances": [{"question": "a"}]}')
    assert response.status_code == 200


QUESTION = tensor("question", "What colour?")


@pytest.mark.parametrize(
    ("request_", "words"),
    [
        ({}, "inputs"),
        ({"inputs": []}, "'question' is missing"),
        ({"inputs": [tensor("picture", "a")]}, "Valid inputs"),
        ({"inputs": [QUESTION, QUESTION]}, "twice"),
        ({"inputs": [{**QUESTION, "datatype": "FP32"}]}, "must be BYTES"),
        ({"inputs": [{**QUESTION, "datatype": "WORD"}]}, "must be BYTES"),
        ({"inputs": [{**QUESTION, "shape": [2]}]}, "shape"),
        ({"inputs": [{**QUESTION, "data": []}]}, "shape"),
        ({"inputs": [{**QUESTION, "data": [3]}]}, "UTF-8 text"),
        ({"inputs": [{**QUESTION, "shape": [-5]}]}, "shape"),
        ({"inputs": [tensor("question", "a", "b")]}, "shape [1]"),
        ({"inputs": [QUESTION, tensor("image", "&&")]}, "base64"),
        ({"inputs": [QUESTION, tensor("choices", "a")]}, "1 choices"),
        ({"inputs": [QUESTION], "outputs": [{"name": "mood"}]}, "mood"),
        ({"inputs": [QUESTION], "id": "a\n"}, "id must be printable"),
        ({"inputs": [tensor("a\ud800", "b")]}, "no JSON"),
        ({"inputs": [tensor("question", "\ud800")]}, "no JSON"),
    ],
)
def test_v2_refuses_with_words(http, request_, words):
    headers = {"Content-Type": "application/json"}
    response = http.post(INFER, content=json.dumps(request_), headers=headers)
    assert response.status_code == 400, response.text
    assert words in response.json()["error"]


@pytest.mark.parametrize(
    ("body", "length"),
    [(b"{}", "2"), (b"{}", "x"), (b'{"inputs": [{"name": "question"}]}', "34"), (b"nonsense", "8"), (b"[]", "2")],
)
def test_v2_refuses_broken_binary_requests(http, body, length):
    headers = {"Inference-Header-Content-Length": length, "Content-Type": "application/octet-stream"}
    response = http.post(INFER, content=body, headers=headers)
    assert response.status_code == 400, response.text


def test_v2_refuses_malformed_json(http):
    response = http.post(INFER, content=b"{", headers={"Content-Type": "application/json"})
    assert response.status_code == 400
    assert "cannot be read" in response.json()["error"]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"messages": []}, "messages"),
        ({"messages": [{"role": "system", "content": "a"}]}, "no message of the user"),
        ({"messages": [{"role": "user", "content": 3}]}, "content"),
        ({"messages": message("")}, "question is empty"),
        ({"messages": message("a", image_part("https://example.org/cat.png"))}, "not fetched from 'example.org'"),
        ({"messages": message("a", image_part("http://127.0.0.1:1/cat.png"))}, "not fetched from '127.0.0.1:1'"),
        ({"messages": message("a", image_part("file:///etc/passwd"))}, "must be a data URI"),
        ({"messages": message("a", image_part("data:image/png;base64,&&"))}, "base64"),
        ({"messages": message("a", *[image_part("data:image/png;base64,AAAA")] * 2)}, "2 images"),
        ({"messages": message("a", {"type": "input_audio"})}, "input_audio"),
        ({"max_tokens": 0}, "max_tokens"),
    ],
)
@pytest.mark.parametrize("stream", [True, False])
def test_chat_refuses_with_words(http, change, words, stream):
    response = http.post(CHAT, json={"model": "inkling", "messages": message("a"), "stream": stream, **change})
    assert response.status_code == 400, response.text
    error = response.json()["error"]
    assert words in error["message"]
    assert error["type"] == "invalid_request_error"


def test_chat_refuses_malformed_json(http):
    assert http.post(CHAT, content=b"{").status_code == 400


@pytest.mark.parametrize("half", [rb"\ud83d", rb"\udcff", b"\xe9"])
@pytest.mark.parametrize(
    ("path", "body"),
    [
        (CHAT, b'{"model": "inkling", "messages": [{"role": "user", "content": "%s"}]}'),
        (CHAT, b'{"model": "%s", "messages": [{"role": "user", "content": "a"}]}'),
        (PREDICT, b'{"instances": [{"question": "%s"}]}'),
        (PREDICT, b'{"instances": [{"question": "a", "choices": ["b", "%s"]}]}'),
        (PREDICT, b'{"instances": [{"question": "a", "image": "%s"}]}'),
    ],
)
@pytest.mark.parametrize("kind", ["application/json", "application/octet-stream"])
def test_half_a_character_is_refused(http, path, body, half, kind):
    response = http.post(path, content=body.replace(b"%s", half), headers={"Content-Type": kind})
    assert response.status_code == 400, response.text


def test_unknown_models_are_named(http):
    assert http.post("/v2/models/other/infer", json={"inputs": [QUESTION]}).status_code == 404
    response = http.post(CHAT, json={"model": "gpt", "messages": message("a")})
    assert response.status_code == 404
    assert "Available: inkling" in response.json()["error"]["message"]


def test_bomb_and_broken_images_are_refused(http):
    for image, words in (
        (png(60_000, 60_000), "pixels"),
        (png(8, 8), "damaged"),
        (b"GIF89a", "image"),
        (b"hello", "image"),
    ):
        encoded = base64.b64encode(image).decode()
        response = http.post(PREDICT, json={"instances": [{"question": "a", "image": encoded}]})
        assert response.status_code == 400, response.text
        assert words in response.json()["error"]


def test_other_image_formats_are_answered(http, examples):
    one, image, _ = examples[0]
    buffer = io.BytesIO()
    Image.open(io.BytesIO(image)).convert("RGBA").save(buffer, "PNG")
    encoded = base64.b64encode(buffer.getvalue()).decode()
    response = http.post(
        PREDICT, json={"instances": [{"question": one.question, "image": encoded, "choices": one.choices}]}
    )
    assert response.json()["predictions"][0]["view"] == "visual"


@pytest.mark.parametrize("path", [PREDICT, INFER, CHAT])
def test_large_bodies_are_refused_declared_or_not(http, path):
    body = b"x" * (SETTINGS["max_body_bytes"] + 1)
    assert http.post(path, content=body).status_code == 413
    chunks = (body[start : start + 50_000] for start in range(0, len(body), 50_000))
    response = http.post(path, content=chunks)
    assert response.status_code == 413
    assert "larger than the 400,000 bytes" in response.text


def test_model_cannot_be_unloaded_by_request(http):
    assert http.post("/v2/repository/models/inkling/unload").status_code == 501
    assert http.get("/v2/models/inkling/ready").status_code == 200


def test_metrics_tell_views_and_refusals_apart(http, examples):
    one, image, _ = examples[0]
    before = figures(http)
    http.post(CHAT, json={"model": "inkling", "messages": message(one.question, image_part(data_uri(image)))})
    http.post(CHAT, json={"model": "inkling", "messages": message(one.question)})
    http.post(CHAT, json={"model": "inkling", "messages": message("")})
    after = figures(http)
    for name in (
        'inkling_answers_total{protocol="openai",view="visual"}',
        'inkling_answers_total{protocol="openai",view="blind"}',
        'inkling_refusals_total{protocol="openai",reason="invalid"}',
    ):
        assert after[name] == before.get(name, 0) + 1
    count = 'inkling_request_seconds_count{protocol="openai"}'
    assert after[count] == before.get(count, 0) + 2
    assert after["inkling_requests_admitted"] == 0


@pytest.mark.parametrize("path", [PREDICT, INFER])
def test_a_request_is_measured_once(http, path):
    name = f'inkling_request_seconds_count{{protocol="{path[1:3]}"}}'
    before = figures(http)
    body = {"instances": [{"question": "a"}]} if path is PREDICT else {"inputs": [tensor("question", "a")]}
    assert http.post(path, json=body).status_code == 200
    after = figures(http)
    steps = [
        f'inkling_step_seconds_count{{protocol="{path[1:3]}",step="{step}"}}' for step in ("queue", "prefill", "decode")
    ]
    tokens = [f'inkling_tokens_total{{kind="{kind}",protocol="{path[1:3]}"}}' for kind in ("prompt", "generated")]
    first = f'inkling_time_to_first_token_seconds_count{{protocol="{path[1:3]}"}}'
    for measured in (name, first, *steps):
        assert after[measured] == before.get(measured, 0) + 1
    for counted in tokens:
        assert after[counted] > before.get(counted, 0)


def test_every_answer_carries_the_id_of_its_request(http, server):
    for path, body, status in (
        (PREDICT, {"instances": [{"question": "a"}]}, 200),
        (CHAT, {"model": "inkling", "messages": message("a")}, 200),
        ("/v1/models/other:predict", {"instances": [{"question": "a"}]}, 404),
        ("/v2/repository/models/inkling/load", {}, 501),
        (CHAT, {"model": "inkling", "messages": []}, 400),
    ):
        response = http.post(path, json=body, headers={"X-Request-ID": "mine-1"})
        assert (response.status_code, response.headers["x-request-id"]) == (status, "mine-1")
    assert len(http.get("/v2/health/live", headers={"X-Request-ID": "a b"}).headers["x-request-id"]) == 32
    lines = [line for line in server.log.read_text().splitlines() if line.startswith("{")]
    logged = [json.loads(line) for line in lines]
    assert [line["status"] for line in logged if line.get("request_id") == "mine-1" and "status" in line] == [
        200, 200, 404, 501, 400
    ]  # fmt: skip
    assert "Traceback" not in server.log.read_text()


def figures(http: httpx.Client) -> dict[str, float]:
    lines = (line.rpartition(" ") for line in http.get("/metrics").text.splitlines() if line.startswith("inkling_"))
    return {name: float(value) for name, _, value in lines}


def test_inkling_ask_prints_answer_and_view(server, examples, tmp_path, capsys):
    one, image, choices = examples[0]
    path = tmp_path / "scene.jpg"
    path.write_bytes(image)
    assert ask(one.question, path, server.url, one.choices) == one.choices[choices["visual"]]
    assert "(view: visual)" in capsys.readouterr().out
    with Client(server.url) as client:
        expected, _ = client.chat(one.question, None)
    assert ask(one.question, None, server.url) == expected
    assert capsys.readouterr().out == f"{expected}\n(view: blind)\n"
    with pytest.raises(ServerRefused, match="question is empty"):
        ask(" ", path, server.url)


def test_sigterm_answers_requests_in_flight(served, tmp_path):
    settings = tmp_path / "settings.yaml"
    settings.write_text(json.dumps({**SETTINGS, "max_batch": 1, "max_instances": 40}))
    slow = {"instances": [{"question": "What colour is the disc?"}] * 40}  # one after another
    statuses: list[int] = []
    connected = threading.Barrier(5)

    def post(url: str) -> None:
        with httpx.Client(base_url=url, timeout=120, trust_env=False) as http:
            http.get("/v2/health/live")
            connected.wait()
            statuses.append(http.post(PREDICT, json=slow).status_code)

    with running_server(served.bundle, tmp_path / "log", "--settings", str(settings)) as (url, process):
        threads = [threading.Thread(target=post, args=(url,)) for _ in range(4)]
        for thread in threads:
            thread.start()
        with httpx.Client(base_url=url, timeout=120, trust_env=False) as http:
            http.get("/v2/health/live")
            connected.wait()
            while figures(http).get("inkling_requests_admitted", 0) < len(threads):
                assert not statuses, "answered before all were admitted"
                time.sleep(0.01)
        process.terminate()
        for thread in threads:
            thread.join()
        assert statuses == [200] * 4
        assert process.wait(30) == 0


def test_busy_port_is_named_before_anything_is_loaded(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with (
            pytest.raises(ServerFailed, match=rf"port {port} on 127\.0\.0\.1 is in use .* choose another port"),
            running_server(tmp_path / "no-bundle", tmp_path / "log", "--port", str(port)),
        ):
            pass


def test_missing_bundle_and_unknown_setting_are_named(served, tmp_path):
    with pytest.raises(ServerFailed, match="no artifact at"), running_server(tmp_path / "none", tmp_path / "log"):
        pass
    settings = tmp_path / "settings.yaml"
    settings.write_text("thread: 3\n")
    with (
        pytest.raises(ServerFailed, match=r"unknown key 'settings.thread'. Did you mean 'settings.threads'"),
        running_server(served.bundle, tmp_path / "log", "--settings", str(settings)),
    ):
        pass
