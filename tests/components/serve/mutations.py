"""Requests that go wrong in ways that a seed draws: made of a route's schema, or of a good request, and changed."""

import gzip
import json
import random
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from kserve.protocol.grpc import grpc_predict_v2_pb2 as pb

from inkling.tests.components.serve.hostile_grpc import Call

QUESTION = {"name": "question", "shape": [1], "datatype": "BYTES", "data": ["What colour is the disc?"]}
GOOD: Mapping[str, Any] = {
    "/v1/models/inkling:predict": {"instances": [{"question": "What colour?", "choices": ["red", "blue"]}]},
    "/v2/models/inkling/infer": {
        "id": "a", "parameters": {}, "outputs": [{"name": "choice"}],
        "inputs": [QUESTION, {**QUESTION, "name": "choices", "shape": [2], "data": ["red", "blue"]}],
    },
    "/v1/chat/completions": {
        "model": "inkling", "max_tokens": 2, "temperature": 0.5, "top_p": 0.9, "n": 1, "seed": 3, "stop": ["a"],
        "messages": [
            {"role": "system", "content": "Answer."}, {"role": "user", "content": [{"type": "text", "text": "What?"}]},
        ],
        "logprobs": True, "top_logprobs": 2, "stream": False, "stream_options": {"include_usage": True},
    },
    "/openai/v1/completions": {
        "model": "inkling", "prompt": ["The disc", "is"], "max_tokens": 2, "echo": True, "logprobs": 1,
    },
}  # fmt: skip
OTHER_PATHS = (
    "/", "/docs", "/metrics", "/v1/models", "/v1/models/inkling", "/v2/models/inkling/ready", "/v2/models/a/infer",
    "/v2/health/live", "/v1/models/inkling:explain", "/v2/repository/models/inkling/load", "/openai/v1/models/%00",
    "/v2/models/inkling/versions/1/infer", "/v1/models/%F0%9F%92%A9:predict", "/..%2f..%2fetc/passwd",
    "/openai/v1/none",
)  # fmt: skip
_TYPES = (
    "application/json",
    "text/plain",
    "application/octet-stream",
    "multipart/form-data",
    "application/json; charset=utf-16",
    "",
    "a",
)
_METHODS = ("POST",) * 60 + ("GET", "PUT", "DELETE", "PATCH", "OPTIONS", "HEAD")
_IMAGES = ("data:image/png;base64,AAAA", "http://127.0.0.1:1/a", "data:,", "file:///etc/passwd", "http://[::1]/", "%%%")


@dataclass(frozen=True)
class Odd:
    """A request over HTTP.

    Attributes:
        method: Its method.
        path: Where it goes.
        body: Its body.
        headers: Its headers.
    """

    method: str
    path: str
    body: bytes
    headers: dict[str, str] = field(default_factory=dict)


def odd_requests(count: int, seed: int, schema: Mapping[str, Any]) -> Iterator[Odd]:
    """So many requests, the same for the same seed.

    Args:
        count: How many.
        seed: Draws them.
        schema: The server's OpenAPI schema.
    """
    draw = random.Random(seed)
    described = [
        (path.replace("{name}", "inkling").replace("{model_name}", "inkling"), content["schema"])
        for path, methods in schema["paths"].items()
        for method in methods.values()
        for content in method.get("requestBody", {}).get("content", {}).values()
    ]
    for _ in range(count):
        if draw.random() < 0.3:
            path, shape = draw.choice(described)
            document = _of_schema(draw, shape, schema, 0)
        else:
            path = draw.choice(list(GOOD))
            document = json.loads(json.dumps(GOOD[path]))
        for _ in range(draw.choice((0, 1, 1, 1, 2, 5))):
            document = _changed(draw, document)
        if draw.random() < 0.08:
            path = draw.choice(OTHER_PATHS)
        body, headers = _sent(draw, json.dumps(document, ensure_ascii=draw.random() < 0.9).encode("utf-8", "replace"))
        yield Odd(draw.choice(_METHODS), path, body, headers)


def odd_calls(count: int, seed: int) -> Iterator[Call]:
    """So many calls, the same for the same seed: good messages, with bytes changed and values put in."""
    draw = random.Random(seed)
    for number in range(count):
        request = pb.ModelInferRequest(model_name=draw.choice(("inkling", "inkling", "inkling", "", "a" * 300, "é")))
        for name in draw.sample(("question", "choices", "image", "a", "question"), draw.randint(0, 3)):
            values = [
                draw.choice((b"red", b"", b"\xff", b"a" * 9_000, b"<|eos|>", b"What?"))
                for _ in range(draw.randint(0, 3))
            ]
            tensor = request.inputs.add(name=name, datatype=draw.choice(("BYTES", "BYTES", "BYTES", "FP32", "")))
            tensor.shape.extend(draw.choice(([len(values)], [1], [-1], [2**62, 4], [], [0], [1] * 20)))
            if draw.random() < 0.7:
                tensor.contents.bytes_contents.extend(values)
            else:
                raw = b"".join(len(value).to_bytes(4, "little") + value for value in values)
                request.raw_input_contents.append(_bent(draw, raw) if draw.random() < 0.3 else raw)
            tensor.contents.fp64_contents.extend([float("nan")] * draw.randint(0, 2))
        for name in draw.sample(("answer", "choice", "a"), draw.randint(0, 2)):
            request.outputs.add(name=name)
        request.parameters["a"].string_param = draw.choice(("", "a" * 300, "binary_data_size"))
        message = request.SerializeToString()
        if draw.random() < 0.4:
            message = _bent(draw, message)
        method = draw.choice(("ModelInfer",) * 8 + ("ModelReady", "ModelMetadata", "RepositoryModelLoad", "ServerLive"))
        yield Call(f"call {number}", method, message, draw.random() < 0.1)


def _of_schema(draw: random.Random, shape: Mapping[str, Any], schema: Mapping[str, Any], depth: int) -> Any:
    """A value that a schema describes, now and then one that it does not."""
    if "$ref" in shape:
        shape = schema["components"]["schemas"][shape["$ref"].rpartition("/")[2]]
    for either in ("anyOf", "oneOf", "allOf"):
        if either in shape:
            return _of_schema(draw, draw.choice(shape[either]), schema, depth + 1)
    if draw.random() < 0.03 or depth > 12:
        return _odd_value(draw)
    if "enum" in shape or "const" in shape:
        return draw.choice(shape.get("enum", [shape.get("const")]))
    kind = shape.get("type")
    if kind == "object":
        required, known = shape.get("required", ()), shape.get("properties", {})
        return {
            name: _of_schema(draw, one, schema, depth + 1)
            for name, one in known.items()
            if draw.random() < (0.97 if name in required else 0.1)
        }
    if kind == "array":
        return [_of_schema(draw, shape.get("items", {}), schema, depth + 1) for _ in range(draw.randint(0, 3))]
    words = ("inkling", "a", "red", "", "What colour is it?", *_IMAGES)
    values = {"string": words, "integer": (0, 1, 2, -1, 20), "number": (0, 0.5, 1, 2.5), "boolean": (True, False)}
    return (
        draw.choice((*values.get(str(kind), ()), *([None] if kind in (None, "null") else ())))
        if kind != "null"
        else None
    )


def _changed(draw: random.Random, document: Any) -> Any:
    """A document with one place of it changed."""
    places: list[tuple[Any, Any]] = []

    def walk(node: Any) -> None:
        for key in list(node if isinstance(node, dict) else range(len(node))):
            places.append((node, key))
            if isinstance(node[key], (dict, list)) and node[key]:
                walk(node[key])

    if isinstance(document, (dict, list)):
        walk(document)
    if not places or draw.random() < 0.02:
        return _odd_value(draw)
    node, key = draw.choice(places)
    match draw.randrange(6):
        case 0:
            del node[key]
        case 1 if isinstance(node, dict):
            node[draw.choice(("parameters", "image", "data", "a", "", "__class__", "stop", "choices", "\ud800"))] = (
                _odd_value(draw)
            )
        case 2:
            node[key] = [node[key]] * draw.choice((1, 2, 17, 300))
        case 3:
            node[key] = {"a": node[key]}
        case _:
            node[key] = _odd_value(draw)
    return document


def _odd_value(draw: random.Random) -> Any:
    deep: Any = 1
    for _ in range(draw.choice((2, 63, 70, 300))):
        deep = [deep] if draw.random() < 0.5 else {"a": deep}
    return draw.choice((
        None, True, False, 0, -1, 1, 2**31, 2**63, -(2**63) - 1, 2**64, 10**400, 0.5, -0.0, 1e308, float("nan"),
        float("inf"), float("-inf"), "", "a" * 7_000, "\x00", "\ud83d", "é" * 40, "<|eos|>", "<image>", [], {}, [[]],
        [None], {"": None}, deep, "inkling", *_IMAGES,
    ))  # fmt: skip


def _sent(draw: random.Random, body: bytes) -> tuple[bytes, dict[str, str]]:
    """A body as it goes over the wire, with its headers."""
    headers = {"Content-Type": draw.choice(_TYPES) if draw.random() < 0.3 else "application/json"}
    if draw.random() < 0.15:
        body = _bent(draw, body)
    if draw.random() < 0.1:
        tail = draw.randbytes(draw.randint(0, 40))
        length = draw.choice((str(len(body)), str(len(body) + 1), "0", "-1", "9" * 30, "a", str(len(body) // 2)))
        body, headers = body + tail, {**headers, "Inference-Header-Content-Length": length}
    packed = draw.random()
    if packed < 0.06:
        body, headers = gzip.compress(body, mtime=0), {**headers, "Content-Encoding": "gzip"}
    elif packed < 0.09:
        body, headers = zlib.compress(body), {**headers, "Content-Encoding": "deflate"}
    elif packed < 0.12:
        headers["Content-Encoding"] = draw.choice(("gzip", "br", "deflate", "identity", "gzip, gzip", "a"))
    if draw.random() < 0.05:
        headers["X-Request-ID"] = draw.choice(("a" * 5_000, "a b", "", "\xff"))
    return body, headers


def _bent(draw: random.Random, body: bytes) -> bytes:
    """Bytes of which a few are changed, left out or put in."""
    found = bytearray(body)
    for _ in range(draw.randint(1, 4)):
        place = draw.randrange(len(found) + 1)
        match draw.randrange(4):
            case 0:
                found[place : place + 1] = draw.randbytes(1)
            case 1:
                del found[place : place + draw.randint(1, 30)]
            case 2:
                found[place:place] = draw.choice(
                    (b"\xff", b"\x00", b'"', b"{", b"]", b"\xef\xbb\xbf", b"NaN", b"1e999", b"\\ud800")
                )
            case _:
                del found[place:]
    return bytes(found)
