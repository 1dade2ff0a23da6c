"""The token: asked of every request but those for health, and read from a file that must hold one."""

import asyncio

import httpx
import pytest

from inkling.components.serve.limits.bearer import Bearer, TokenDoor, read_bearer
from inkling.components.shared.config import ConfigError

TOKEN = "correct-horse-battery"


async def application(scope, receive, send) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b""})


async def status(path: str, **headers: str) -> int:
    door = httpx.ASGITransport(TokenDoor(application, Bearer(TOKEN)))
    async with httpx.AsyncClient(transport=door, base_url="http://a") as client:
        return (await client.get(path, headers=headers)).status_code


@pytest.mark.parametrize(
    "path", ["/", "/page/page.js", "/health", "/v2/health/live", "/v2/health/ready", "/v2/models/inkling/ready"]
)
def test_health_is_open(path):
    assert asyncio.run(status(path)) == 200


@pytest.mark.parametrize(
    "path", ["/v1/models", "/page/report", "/v2/models/inkling/infer", "/metrics", "/docs", "/healthy"]
)
def test_others_want_the_token(path):
    assert asyncio.run(status(path)) == 401
    for wrong in ("", TOKEN, f"Basic {TOKEN}", f"Bearer {TOKEN}x", f"Bearer {TOKEN[:-1]}", f"bearer {TOKEN}"):
        assert asyncio.run(status(path, Authorization=wrong)) == 401
    assert asyncio.run(status(path, Authorization=f"Bearer {TOKEN}")) == 200


def test_calls_of_health_are_open():
    bearer = Bearer(TOKEN)
    assert bearer.allows_call("/inference.GRPCInferenceService/ServerReady", b"")
    assert not bearer.allows_call("/inference.GRPCInferenceService/ModelInfer", b"")
    assert bearer.allows_call("/inference.GRPCInferenceService/ModelInfer", f"Bearer {TOKEN}".encode())


@pytest.mark.parametrize("text", ["", "short", "two words of length", "ümlaute-und-anderes"])
def test_a_file_without_a_token_is_named(tmp_path, text):
    path = tmp_path / "token"
    path.write_text(text)
    with pytest.raises(ConfigError, match="token file"):
        read_bearer(path)
    with pytest.raises(ConfigError, match="cannot be read"):
        read_bearer(tmp_path / "none")


def test_the_end_of_the_line_is_no_part_of_it(tmp_path):
    path = tmp_path / "token"
    path.write_text(f"{TOKEN}\n")
    bearer = read_bearer(path)
    assert bearer is not None
    assert bearer.allows(f"Bearer {TOKEN}".encode())
    assert read_bearer(None) is None
