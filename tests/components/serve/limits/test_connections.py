"""Connections: cut when a request does not come in time, closed when there are too many, and drained at the end."""

import logging
import socket
import time

import pytest

from inkling.components.serve.settings import Settings
from inkling.tests.components.serve.limits.serving import ask, behind_doors, until_closed

QUICK = Settings(header_seconds=0.3, body_seconds=0.5, max_connections=8, max_header_bytes=2000)
HEAD = b"POST / HTTP/1.1\r\nHost: a\r\n"
CLOSING = b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"


@pytest.fixture(scope="module")
def port():
    with behind_doors(QUICK) as (port, _):
        yield port


@pytest.mark.parametrize(
    ("request_", "seconds"),
    [(b"", 0.3), (b"G", 0.3), (HEAD, 0.3), (HEAD + b"Content-Length: 9\r\n\r\nab", 0.5),
     (HEAD + b"Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n", 0.5)],
)  # fmt: skip
def test_half_a_request_is_cut(port, request_, seconds):
    started = time.monotonic()
    assert ask(port, request_).startswith(b"HTTP/1.1 408 Request Timeout\r\n")
    assert seconds - 0.1 < time.monotonic() - started < seconds + 3


def test_a_slow_sender_is_cut_though_it_goes_on(port):
    with socket.create_connection(("127.0.0.1", port), 10) as connection:
        connection.sendall(HEAD + b"Content-Length: 1000\r\n\r\n")
        started = time.monotonic()
        while time.monotonic() - started < 10:
            try:
                connection.sendall(b"a")
            except OSError:
                break
            time.sleep(0.02)
        assert time.monotonic() - started < 3


def test_a_second_request_on_a_connection_has_its_own_time(port):
    with socket.create_connection(("127.0.0.1", port), 10) as connection:
        for _ in range(3):
            connection.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            assert connection.recv(1 << 16).startswith(b"HTTP/1.1 200")
            time.sleep(0.4)  # longer than headers may take: the time of a request begins with its first byte
        connection.sendall(b"GET / HTTP")
        assert until_closed(connection).startswith(b"HTTP/1.1 408")


def test_a_request_that_is_answered_slowly_is_not_cut(port):
    pipelined = CLOSING.replace(b"Connection: close\r\n", b"").replace(b"/", b"/slow", 1)
    assert ask(port, pipelined + CLOSING).count(b"HTTP/1.1 200 OK") == 2


@pytest.mark.parametrize("long", [b"GET /" + b"a" * 3000, b"GET / HTTP/1.1\r\n" + b"a: b\r\n" * 500])
def test_long_headers_are_refused(port, long):
    assert ask(port, long).startswith(b"HTTP/1.1 431")


def test_many_connections_make_room_for_further_ones():
    with behind_doors(Settings(max_connections=8)) as (port, server):
        waiting = [socket.create_connection(("127.0.0.1", port), 10) for _ in range(30)]
        waiting[-1].sendall(HEAD + b"Content-Length: 9\r\n\r\nab")
        assert b"200 OK" in ask(port, CLOSING)
        assert len(server.server_state.connections) <= 8
        for connection in waiting:
            connection.close()


def test_the_end_waits_for_answers_but_not_for_half_a_body(monkeypatch, caplog):
    monkeypatch.setattr("inkling.components.serve.limits.connections._SHUTDOWN_SECONDS", 0.5)
    caplog.set_level(logging.ERROR)
    with behind_doors(Settings()) as (port, server):
        half, slow, idle = (socket.create_connection(("127.0.0.1", port), 10) for _ in range(3))
        half.sendall(HEAD + b"Content-Length: 9\r\n\r\nab")
        slow.sendall(b"GET /slow HTTP/1.1\r\nHost: a\r\n\r\n")
        time.sleep(0.2)
        started, server.should_exit = time.monotonic(), True
        assert until_closed(idle) == b""
        assert until_closed(half).startswith(b"HTTP/1.1 408")
        assert until_closed(slow).startswith(b"HTTP/1.1 200")
    assert time.monotonic() - started < 5
    assert not caplog.records
    for connection in (half, slow, idle):
        connection.close()
