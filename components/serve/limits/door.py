"""The door of the HTTP application: bodies are read and unpacked within limits before anything is built from them."""

import asyncio
from collections.abc import AsyncIterator

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from inkling.components.serve.limits.inflate import ENCODINGS, Damaged, Inflation
from inkling.components.serve.limits.json_scan import JsonScan, JsonTooComplex
from inkling.components.serve.protocols.refusals import MAX_CHARACTERS, refusal
from inkling.components.serve.settings import Settings

JSON_LENGTH = b"inference-header-content-length"  # of a V2 request, after which binary tensors follow
_FREE_BYTES = 1 << 16  # of a body, which are taken even where all requests together hold too much
_TURN_BYTES = 1 << 20  # after so many the event loop has a turn
_MAX_REFUSAL_BYTES = 2 * MAX_CHARACTERS
_RETRY = {"Retry-After": "1"}


class _Refused(Exception):
    """A request that is not let in."""

    def __init__(self, status: int, message: str, headers: dict[str, str] | None = None) -> None:
        super().__init__(message)
        self.status, self.headers = status, headers


class Door:
    """ASGI middleware through which a request comes in as a whole, or not at all.

    It bounds the bytes of a body (declared, chunked or compressed), the levels and items of its JSON whatever its
    content type says, the bytes of all requests together, and the length of an error's text. A connection stays open
    after a refusal, since closing it on a client that still sends would lose the answer.
    """

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        """Wraps an application."""
        self._app, self._settings = app, settings
        self._held = 0  # bytes of the bodies of all requests

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes a request on, whole."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        send = _short_errors(scope["path"], send)
        held = _Held(self)
        try:
            body = await self._body(scope, receive, held)
            if body is not None:
                await self._app(_described(scope, len(body)), _replay(body, receive), send)
        except asyncio.CancelledError:  # the server ends and has waited long enough
            await refusal(scope["path"], 503, "the server is ending; try again elsewhere", _RETRY)(scope, receive, send)
        except _Refused as error:
            await refusal(scope["path"], error.status, str(error), error.headers)(scope, receive, send)
        finally:
            held.close()

    async def _body(self, scope: Scope, receive: Receive, held: "_Held") -> bytes | None:
        """The body, unpacked; None if the client left before its end."""
        headers = dict(scope["headers"])
        declared = headers.get(b"content-length", b"")
        if declared.isdigit() and (len(declared) > 18 or int(declared) > self._settings.max_body_bytes):
            raise self._too_large()
        body = bytearray()
        to_scan = _json_length(headers)
        scan = JsonScan(self._settings.max_json_depth, self._settings.max_json_items)
        turn = _TURN_BYTES
        try:
            async for block in self._blocks(headers, receive):
                held.add(len(block))
                if len(body) + len(block) > self._settings.max_body_bytes:
                    raise self._too_large()
                scan.feed(block if to_scan is None else block[: max(to_scan - len(body), 0)])
                body += block
                if len(body) > turn:
                    turn += _TURN_BYTES
                    await asyncio.sleep(0)
        except (JsonTooComplex, Damaged) as error:
            raise _Refused(400, str(error)) from None
        except ConnectionError:
            return None
        return bytes(body)

    async def _blocks(self, headers: dict[bytes, bytes], receive: Receive) -> AsyncIterator[bytes]:
        encoding = headers.get(b"content-encoding", b"identity").strip().lower().decode("latin-1")
        if encoding not in ("", "identity", *ENCODINGS):
            raise _Refused(
                415,
                f"Content-Encoding '{encoding[:40]}' is not taken; send the body as it is, or in gzip",
                {"Accept-Encoding": "gzip, deflate"},
            )
        inflation = Inflation() if encoding in ENCODINGS else None
        more = True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise ConnectionResetError
            part, more = message.get("body", b""), message.get("more_body", False)
            if inflation is None:
                yield part
                continue
            for block in inflation.feed(part):
                yield block
        if inflation is not None:
            inflation.end()

    def _too_large(self) -> _Refused:
        return _Refused(413, f"the request is larger than the {self._settings.max_body_bytes:,} bytes that are taken")

    def hold(self, change: int, free: bool) -> None:
        """Counts bytes that all requests hold together.

        Raises:
            _Refused: If they hold too much, unless the bytes are free.
        """
        if change > 0 and not free and self._held + change > self._settings.max_held_bytes:
            raise _Refused(429, "the server holds as many bytes of requests as it may; try again in a moment", _RETRY)
        self._held += change


class _Held:
    """The bytes that one request holds."""

    def __init__(self, door: Door) -> None:
        self._door, self._bytes = door, 0

    def add(self, count: int) -> None:
        self._door.hold(count, self._bytes + count <= _FREE_BYTES)
        self._bytes += count

    def close(self) -> None:
        self._door.hold(-self._bytes, True)


def _json_length(headers: dict[bytes, bytes]) -> int | None:
    """How many bytes of the body are JSON; all of them where None."""
    length = headers.get(JSON_LENGTH)
    if length is None:
        return None
    if not length.isdigit() or len(length) > 18:
        raise _Refused(400, "the header Inference-Header-Content-Length must be a number of bytes")
    return int(length)


def _described(scope: Scope, length: int) -> Scope:
    """The scope with headers that say what the body is now: unpacked, and of a known length."""
    gone = (b"content-length", b"content-encoding", b"transfer-encoding")
    headers = [(name, value) for name, value in scope["headers"] if name not in gone]
    if len(headers) < len(scope["headers"]):
        headers.append((b"content-length", str(length).encode()))
    if scope["path"].startswith("/v2/") and scope["path"].endswith("/infer"):
        # KServe would make a model of JSON, and an error of each of its items, before it is looked at.
        headers = [(name, value) for name, value in headers if name not in (b"content-type", JSON_LENGTH)]
        json_length = dict(scope["headers"]).get(JSON_LENGTH, str(length).encode())
        headers += [(b"content-type", b"application/octet-stream"), (JSON_LENGTH, json_length)]
    return {**scope, "headers": headers}


def _replay(body: bytes, receive: Receive) -> Receive:
    """Gives the body once, and then what the client does after it."""
    messages: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def replay() -> Message:
        return messages.pop() if messages else await receive()

    return replay


def _short_errors(path: str, send: Send) -> Send:
    """Sends responses as they are, but errors with a limited length."""
    start: Message | None = None
    text = bytearray()

    async def short(message: Message) -> None:
        nonlocal start
        if message["type"] == "http.response.start" and message["status"] >= 400:
            start = message
            return
        if start is None or message["type"] != "http.response.body":
            await send(message)
            return
        text.extend(message.get("body", b"")[: _MAX_REFUSAL_BYTES + 1 - len(text)])
        if message.get("more_body", False):
            return
        if len(text) <= _MAX_REFUSAL_BYTES:
            await send({**start, "headers": _with_length(start, len(text))})
            await send({"type": "http.response.body", "body": bytes(text)})
            return
        retry = dict(start["headers"]).get(b"retry-after")
        kept = None if retry is None else {"Retry-After": retry.decode()}
        response = refusal(path, start["status"], text.decode(errors="ignore"), kept)
        await send({"type": "http.response.start", "status": response.status_code, "headers": response.raw_headers})
        await send({"type": "http.response.body", "body": bytes(response.body)})

    return short


def _with_length(start: Message, length: int) -> list[tuple[bytes, bytes]]:
    headers = [(name, value) for name, value in start.get("headers", []) if name.lower() != b"content-length"]
    return [*headers, (b"content-length", str(length).encode())]
