"""Taking an address before anything else is done, so that a busy port is found at once and not after loading."""

import errno
import socket

_BACKLOG = 128


class AddressError(RuntimeError):
    """An address that cannot be listened on; the message names it and says what to do."""


def listen(host: str, port: int) -> socket.socket:
    """Listens on an address; requests that come early wait until they are served.

    Args:
        host: Name or number of one of this machine's interfaces.
        port: The port; 0 takes a free one.

    Raises:
        AddressError: If the port is in use, or is not to be had.
    """
    family = _family(host, port)
    # asyncio sets TCP_NODELAY on sockets of this very protocol; without it headers wait 40 ms for an acknowledgement.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(_BACKLOG)
    except OSError as error:
        listener.close()
        raise AddressError(_explain(host, port, error)) from None
    return listener


def check_free(host: str, port: int) -> None:
    """Makes sure that an address can be listened on.

    Raises:
        AddressError: If it cannot.
    """
    listen(host, port).close()


def url_of(listener: socket.socket) -> str:
    """Where a listening socket answers HTTP."""
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _family(host: str, port: int) -> socket.AddressFamily:
    try:
        return socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
    except OSError as error:
        raise AddressError(
            f"'{host}' is no address of this machine: {error.strerror}. Use 127.0.0.1, or 0.0.0.0."
        ) from None


def _explain(host: str, port: int, error: OSError) -> str:
    match error.errno:
        case errno.EADDRINUSE:
            return (
                f"port {port} on {host} is in use by another program. Stop that program "
                f"(`ss -ltnp 'sport = :{port}'` shows it) or choose another port with --port."
            )
        case errno.EACCES:
            return f"port {port} on {host} needs rights that this process lacks: choose one above 1023."
        case errno.EADDRNOTAVAIL:
            return f"'{host}' is no address of this machine: use 127.0.0.1, or 0.0.0.0 for every interface."
        case _:
            return f"cannot listen on {host}:{port}: {error.strerror}"
