"""The routes of the page: itself, what it is made of, the model card and the evaluation report."""

from html import escape
from pathlib import Path

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, JSONResponse, Response

from inkling.components.artifacts.bundle import Bundle

_FOLDER = Path(__file__).parent
_PARTS = {"page.css": "text/css", "page.js": "text/javascript"}
_SAFE = {"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer", "Cache-Control": "no-cache"}
_PAGE = "default-src 'none'; script-src 'self'; style-src 'self'; img-src data: blob:; connect-src 'self'"
_DOCUMENT = "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data:"
_ALONE = "; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
_CARD = """<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark"><title>Model card</title>
<style>body {{ margin: 1rem auto; max-width: 60rem; padding: 0 1rem }} pre {{ white-space: pre-wrap }}</style>
<pre>{text}</pre></html>
"""


def page_router(bundle: Bundle, report: Path | None) -> APIRouter:
    """The routes `/`, `/page/...`.

    Args:
        bundle: The bundle that is served; its model card is shown.
        report: The HTML report of the run that made it, if there is one.
    """
    router = APIRouter(tags=["Page"], include_in_schema=False)

    @router.get("/")
    async def page(request: Request) -> Response:
        """The page for a browser; `{"status": "alive"}` for a client of KServe's V1 protocol."""
        if "text/html" not in request.headers.get("accept", ""):
            return JSONResponse({"status": "alive"})
        return _html((_FOLDER / "index.html").read_text(), _PAGE)

    @router.get("/page/card")
    async def card() -> Response:
        return _html(_CARD.format(text=escape(bundle.card())), _DOCUMENT)

    @router.api_route("/page/report", methods=["GET", "HEAD"])
    async def evaluation() -> Response:
        if report is None or not report.is_file():
            return JSONResponse({"error": "no evaluation report: this server was started on a bundle alone"}, 404)
        return _html(report.read_text(), _DOCUMENT)

    @router.get("/page/{part}")
    async def part(part: str) -> Response:
        if part not in _PARTS:
            return JSONResponse({"error": f"the page has no such part. Parts: {', '.join(_PARTS)}"}, 404)
        return Response((_FOLDER / part).read_text(), media_type=_PARTS[part], headers=_SAFE)

    return router


def _html(text: str, policy: str) -> HTMLResponse:
    return HTMLResponse(text, headers={**_SAFE, "Content-Security-Policy": policy + _ALONE})
