"""Images of requests: base64, data URIs, and addresses on allowed hosts only."""

import asyncio
import base64
import http.server
import threading
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inkling.components.serve.client import data_uri
from inkling.components.serve.protocols import images
from inkling.components.serve.protocols.images import decode_base64, load_url
from inkling.components.serve.request import BadRequest
from inkling.components.serve.settings import Settings

ALLOWED = Settings(remote_image_hosts=("127.0.0.1",))


class Site(http.server.BaseHTTPRequestHandler):
    """A site with an image, a redirect and nothing else."""

    def do_GET(self) -> None:
        status, body = {"/image": (200, b"image"), "/moved": (302, b"")}.get(self.path, (404, b""))
        self.send_response(status)
        self.send_header("Location", "/image")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def site() -> Iterator[str]:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Site) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def load(url: str, settings: Settings = ALLOWED) -> bytes:
    return asyncio.run(load_url(url, settings))


@given(st.binary())
def test_base64_and_data_uris_come_back(content):
    encoded = base64.b64encode(content).decode()
    for text in (encoded, data_uri(content), f"data:image/png;base64,{encoded}", f"data:;base64,{encoded}"):
        assert decode_base64(text) == content


@given(st.text(max_size=40))
def test_other_text_is_refused_or_decoded(text):
    for candidate in (text, f"data:{text}"):
        try:
            assert isinstance(decode_base64(candidate), bytes)
        except BadRequest:
            continue


def test_allowed_host_is_fetched_from(site):
    assert load(f"{site}/image") == b"image"


@pytest.mark.parametrize(("path", "words"), [("/moved", "302"), ("/none", "404")])
def test_redirects_and_errors_are_refused(site, path, words):
    with pytest.raises(BadRequest, match=f"answered {words}"):
        load(site + path)


def test_fetched_image_is_limited(site, monkeypatch):
    monkeypatch.setattr(images, "MAX_BYTES", 4)
    with pytest.raises(BadRequest, match="more than the 4 bytes"):
        load(f"{site}/image")


def test_silent_host_is_named():
    with pytest.raises(BadRequest, match=r"http://127\.0\.0\.1:9/x cannot be fetched: ConnectError"):
        load("http://127.0.0.1:9/x")


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1@example.org/a", "http://localhost/a", "http://127.0.0.1.example.org/a", "https://[::1]/a"]
)
def test_other_hosts_are_refused_by_name(url):
    with pytest.raises(BadRequest, match="not fetched from"):
        load(url)


@pytest.mark.parametrize(
    "url", ["", "cat.png", "file:///etc/passwd", "ftp://127.0.0.1/a", "http://", "http://[", "DATA:x"]
)
def test_what_is_no_address_is_refused(url):
    with pytest.raises(BadRequest, match="data URI"):
        load(url)


def test_no_host_is_allowed_by_default(site):
    with pytest.raises(BadRequest, match="remote_image_hosts"):
        load(f"{site}/image", Settings())
