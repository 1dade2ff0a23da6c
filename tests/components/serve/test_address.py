"""Addresses: taken first, and told apart when they cannot be."""

import asyncio
import socket

import pytest

from inkling.components.serve.address import AddressError, check_free, listen, url_of
from inkling.components.serve.server import main


def test_takes_a_free_port_and_waits_for_requests():
    with listen("127.0.0.1", 0) as listener:
        port = listener.getsockname()[1]
        assert url_of(listener) == f"http://127.0.0.1:{port}"
        socket.create_connection(("127.0.0.1", port), 5).close()


def test_busy_port_is_named_with_what_to_do():
    with listen("127.0.0.1", 0) as listener:
        port = listener.getsockname()[1]
        for take in (listen, check_free):
            with pytest.raises(AddressError, match=f"port {port} on 127.0.0.1 is in use .*`ss -ltnp .*choose another"):
                take("127.0.0.1", port)
    check_free("127.0.0.1", port)


@pytest.mark.parametrize("host", ["192.0.2.1", "::1%none"])
def test_foreign_address_is_named(host):
    with pytest.raises(AddressError, match=f"'{host}' is no address of this machine"):
        listen(host, 0)


def test_command_line_says_it_in_one_line(capsys, tmp_path):
    with listen("127.0.0.1", 0) as listener:
        port = listener.getsockname()[1]
        assert main(["--bundle", str(tmp_path), "--port", str(port)]) == 2
    assert capsys.readouterr().err.startswith(f"cannot serve: port {port} on 127.0.0.1 is in use")


def test_kept_connections_do_not_wait_for_acknowledgements():
    """asyncio sets TCP_NODELAY by the protocol of the listening socket; without it each answer takes 40 ms more."""

    async def accepted() -> int:
        made: asyncio.Future[int] = asyncio.get_running_loop().create_future()

        class Accepted(asyncio.Protocol):
            def connection_made(self, transport: asyncio.BaseTransport) -> None:
                made.set_result(transport.get_extra_info("socket").getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))

        with listen("127.0.0.1", 0) as listener:
            server = await asyncio.get_running_loop().create_server(Accepted, sock=listener)
            with socket.create_connection(listener.getsockname(), 5):
                no_delay = await asyncio.wait_for(made, 5)
            server.close()
        return no_delay

    assert asyncio.run(accepted())
