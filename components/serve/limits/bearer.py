"""A bearer token that requests must carry, where the settings name a file with one."""

import hmac
import re
from pathlib import Path

from starlette.types import ASGIApp, Receive, Scope, Send

from inkling.components.serve.protocols.refusals import refusal
from inkling.components.shared.config import ConfigError

_OPEN = re.compile(r"/|/page/page\.(css|js)|/health|/v2/health/(live|ready)|/v2/models/[^/]+/ready")
_OPEN_METHODS = ("/ServerLive", "/ServerReady", "/ModelReady")
_WORDS = "this server wants a token: send the header Authorization: Bearer TOKEN"
_SHORTEST = 16


class Bearer:
    """A token, compared in a time that says nothing of it."""

    def __init__(self, token: str) -> None:
        """Takes the token."""
        self._header = f"Bearer {token}".encode()

    def allows(self, authorization: bytes) -> bool:
        """Whether an Authorization header carries the token."""
        return hmac.compare_digest(self._header, authorization)

    def allows_call(self, method: str, authorization: bytes) -> bool:
        """Whether a gRPC method may be called; those of health always."""
        return method.endswith(_OPEN_METHODS) or self.allows(authorization)


class TokenDoor:
    """ASGI middleware that answers 401 without the token; open are health and the page, which asks for it."""

    def __init__(self, app: ASGIApp, bearer: Bearer) -> None:
        """Wraps an application."""
        self._app, self._bearer = app, bearer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes a request on that carries the token or needs none."""
        given = dict(scope.get("headers", ())).get(b"authorization", b"")
        if scope["type"] != "http" or _OPEN.fullmatch(scope["path"]) or self._bearer.allows(given):
            await self._app(scope, receive, send)
            return
        await refusal(scope["path"], 401, _WORDS, {"WWW-Authenticate": "Bearer"})(scope, receive, send)


def read_bearer(path: Path | None) -> Bearer | None:
    """The token of a file; None for no file.

    Raises:
        ConfigError: If the file cannot be read, or holds no token of at least 16 printable ASCII characters.
    """
    if path is None:
        return None
    try:
        token = path.read_text(encoding="ascii").strip()
    except (OSError, ValueError) as error:
        raise ConfigError(f"the token file {path} cannot be read: {error}") from None
    if len(token) < _SHORTEST or not token.isprintable() or " " in token:
        raise ConfigError(f"the token file {path} must hold one word of at least {_SHORTEST} characters")
    return Bearer(token)
