"""Images of requests: base64, data URIs, and addresses on allowed hosts only."""

import asyncio
import base64
import http.server
import socket
import threading
import time
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inkling.components.serve.client import data_uri
from inkling.components.serve.protocols import fetch as fetching
from inkling.components.serve.protocols.images import decode_base64, load_url
from inkling.components.serve.request import BadRequest
from inkling.components.serve.scheduler import Busy
from inkling.components.serve.settings import Settings


class Site(http.server.BaseHTTPRequestHandler):
    """A site with an image, a redirect and nothing else."""

    def do_GET(self) -> None:
        status, body = {"/image": (200, b"image"), "/moved": (302, b""), "/slow": (200, b"image")}.get(
            self.path, (404, b"")
        )
        self.send_response(status)
        self.send_header("Location", "/image")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        for byte in body:
            self.wfile.write(bytes([byte]))
            time.sleep(0.2 * (self.path == "/slow"))

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def site() -> Iterator[str]:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Site) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def load(url: str, *hosts: str, **settings: int) -> bytes:
    """What a server that allows these hosts fetches."""
    return asyncio.run(load_url(url, Settings(remote_image_hosts=hosts, **settings)))


def load_from(site: str, path: str) -> bytes:
    return load(site + path, site.removeprefix("http://"))


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


@pytest.mark.parametrize("name", ["data:image/png;base64,", "DATA:image/png;base64,", ""])
def test_lines_may_be_broken_as_mime_breaks_them(name):
    content = bytes(range(256))
    assert decode_base64(name + base64.encodebytes(content).decode().replace("\n", "\r\n")) == content


def test_allowed_host_is_fetched_from(site):
    assert load_from(site, "/image") == b"image"


def test_a_port_must_be_stated(site):
    with pytest.raises(BadRequest, match="not fetched from"):
        load(f"{site}/image", "127.0.0.1")


@pytest.mark.parametrize(("path", "words"), [("/moved", "302"), ("/none", "404")])
def test_redirects_and_errors_are_refused(site, path, words):
    with pytest.raises(BadRequest, match=f"answered {words}"):
        load_from(site, path)


def test_fetched_image_is_limited(site, monkeypatch):
    monkeypatch.setattr(fetching, "MAX_BYTES", 4)
    with pytest.raises(BadRequest, match="more than the 4 bytes"):
        load_from(site, "/image")


def test_a_fetch_has_so_much_time_in_all(site, monkeypatch):
    monkeypatch.setattr(fetching, "_SECONDS", 0.5)
    with pytest.raises(BadRequest, match="not fetched within"):
        load_from(site, "/slow")


def test_only_so_many_are_fetched_at_a_time(site):
    settings = Settings(remote_image_hosts=(site.removeprefix("http://"),), max_fetches=2)

    async def fetches() -> list:
        return await asyncio.gather(*(load_url(f"{site}/slow", settings) for _ in range(5)), return_exceptions=True)

    assert [type(one) for one in asyncio.run(fetches())] == [bytes, bytes, Busy, Busy, Busy]


def test_silent_host_is_named():
    with pytest.raises(BadRequest, match=r"http://127\.0\.0\.1:9/x cannot be fetched: ConnectError"):
        load("http://127.0.0.1:9/x", "127.0.0.1:9")


@pytest.mark.parametrize(
    "url",
    [
        "http://localhost/a", "http://allowed.example.evil/a", "https://[::1]/a", "http://2130706433/a", "http://0x7f.1/a",
        "http://0177.0.0.1/a", "http://[::ffff:127.0.0.1]/a", "http://[::127.0.0.1]/a", "http://①②⑦.0.0.1/a",
        "http://allowed.example./a", "http://allowed.example:8080/a", "http://evil\\.allowed.example/a",
        "http://evil/allowed.example", "http://evil#allowed.example", "http://evil?allowed.example",
    ],
)  # fmt: skip
def test_other_hosts_are_refused_by_name(url, monkeypatch):
    monkeypatch.setattr(fetching, "_get", None)  # nothing may come so far
    with pytest.raises(BadRequest, match="not fetched from"):
        load(url, "allowed.example")


@pytest.mark.parametrize(
    "url",
    [
        "", "cat.png", "file:///etc/passwd", "ftp://allowed.example/a", "http://", "http://[", "gopher://allowed.example",
        "http://allowed.example@evil/a", "http://evil@allowed.example/a", "http://allowed.example:0/a", "DATA:x",
        "http://allowed.example:99999/a",
    ],
)  # fmt: skip
def test_what_is_no_address_is_refused(url):
    with pytest.raises(BadRequest, match="data URI"):
        load(url, "allowed.example")


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "10.0.0.1", "169.254.169.254", "192.168.1.1", "172.16.0.1", "100.64.0.1", "0.0.0.0", "224.0.0.1",
        "::1", "::", "fe80::1", "fc00::1", "::ffff:10.0.0.1", "::127.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::",
        "fe80::1%1",
    ],
)  # fmt: skip
def test_a_name_that_resolves_inside_is_refused(address, monkeypatch):
    def inside(*_: object, **__: object) -> list:
        return [(0, 0, 0, "", ("93.184.216.34", 80)), (0, 0, 0, "", (address, 80))]

    monkeypatch.setattr(socket, "getaddrinfo", inside)
    monkeypatch.setattr(fetching, "_get", None)
    with pytest.raises(BadRequest, match="not public"):
        load("http://allowed.example/a", "allowed.example")


def test_localhost_is_refused_though_it_is_allowed(site):
    port = site.rpartition(":")[2]
    with pytest.raises(BadRequest, match="not public"):
        load(f"http://localhost:{port}/image", f"localhost:{port}")


def test_the_connection_goes_to_the_address_that_was_looked_at(site, monkeypatch):
    """The name resolves to the site once and is not asked again; the site is told the name."""
    port, asked = site.rpartition(":")[2], []

    def once(host: str, *_: object, **__: object) -> list:
        asked.append(host)
        return [(0, 0, 0, "", ("127.0.0.1", int(port)))]

    real = socket.getaddrinfo
    monkeypatch.setattr(socket, "getaddrinfo", lambda host, *a, **n: (once if host == "a.b" else real)(host, *a, **n))
    monkeypatch.setattr(fetching, "is_public", lambda _: True)
    assert load(f"http://a.b:{port}/image", f"a.b:{port}") == b"image"
    assert asked == ["a.b"]


def test_no_host_is_allowed_by_default(site):
    with pytest.raises(BadRequest, match="remote_image_hosts"):
        load(f"{site}/image")
