"""The door: bodies within limits come in whole, others are refused in the protocol's form."""

import gzip
import json
import zlib

import httpx
import pytest

from inkling.components.serve.settings import Settings
from inkling.tests.components.serve.limits.serving import behind_doors

LIMITS = Settings(max_body_bytes=200_000, max_json_depth=8, max_json_items=100, max_held_bytes=1 << 20)
CHAT = "/openai/v1/chat/completions"


@pytest.fixture(scope="module")
def http():
    with (
        behind_doors(LIMITS) as (port, _),
        httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False) as client,
    ):
        yield client


@pytest.mark.parametrize("body", [b"", b"{}", b"x" * 200_000, b"[" * 8, b"0," * 100])
@pytest.mark.parametrize("coding", ["identity", "gzip", "deflate"])
def test_within_limits_comes_in_whole(http, body, coding):
    packed = {"identity": bytes, "gzip": gzip.compress, "deflate": zlib.compress}[coding](body)
    headers = {"Content-Encoding": coding}
    for content in (packed, iter([packed[:7], packed[7:]])):
        assert http.post("/", content=content, headers=headers).content == body


@pytest.mark.parametrize(
    ("content", "headers", "status", "words"),
    [
        (b"x" * 200_001, {}, 413, "200,000 bytes"),
        (iter([b"x" * 150_000, b"x" * 150_000]), {}, 413, "200,000 bytes"),
        (gzip.compress(bytes(50_000_000)), {"Content-Encoding": "gzip"}, 413, "200,000 bytes"),
        (b"[" * 9, {}, 400, "8 levels"),
        (b"[" * 9, {"Content-Type": "text/plain"}, 400, "8 levels"),
        (gzip.compress(b"[" * 9), {"Content-Encoding": "gzip"}, 400, "8 levels"),
        (b"[" + b"0," * 100, {}, 400, "100 items"),
        (b"[" * 9, {"Inference-Header-Content-Length": "9"}, 400, "8 levels"),
        (b"{}", {"Inference-Header-Content-Length": "-1"}, 400, "Inference-Header"),
        (b"{}", {"Content-Encoding": "gzip"}, 400, "gzip"),
        (b"{}", {"Content-Encoding": "br"}, 415, "'br'"),
        (b"{}", {"Content-Encoding": "a" * 5000}, 415, "Content-Encoding"),
    ],
)
@pytest.mark.parametrize("path", ["/v2/models/inkling/infer", CHAT])
def test_beyond_limits_is_refused_in_words(http, path, content, headers, status, words):
    content = content if isinstance(content, bytes) else iter([b"x" * 150_000] * 2)
    response = http.post(path, content=content, headers=headers)
    assert (response.status_code, len(response.content) < 2000) == (status, True)
    error = response.json()["error"]
    assert words in (error["message"] if path == CHAT else error)


def test_what_follows_the_json_of_v2_is_not_scanned(http):
    content = b"{}" + b"[" * 1000
    response = http.post("/", content=content, headers={"Inference-Header-Content-Length": "2"})
    assert response.content == content


def test_errors_are_short(http):
    response = http.post("/long", content=b"")
    assert (response.status_code, len(response.content) < 2000) == (400, True)
    assert json.loads(response.content)["error"].startswith("xxx")


def test_all_bodies_together_are_bounded(http):
    """Five slow senders hold what may be held; a sixth is told to come again, but a small request is answered."""

    def slowly():
        yield b"x" * 190_000
        refused.append(http.post("/", content=b"x" * 190_000) if len(waiting) == 0 else waiting.pop()())

    refused, waiting = [], []
    for _ in range(5):
        inner = slowly()
        waiting.append(lambda inner=inner: http.post("/", content=inner))
    assert waiting.pop()().status_code == 200
    assert refused[0].status_code == 429
    assert refused[0].headers["Retry-After"] == "1"
    assert http.post("/", content=b"x" * 190_000).status_code == 200  # all is given back
