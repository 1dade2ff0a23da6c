"""Routes about the server itself: `/health`, `/version` and `/docs`."""

import html

from fastapi import APIRouter, FastAPI, Request
from fastapi.responses import HTMLResponse

import inkling

_PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>{title}</title>
<style>:root{{color-scheme:light dark}}body{{font:1rem sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}}
td{{padding:.2rem 1rem .2rem 0;vertical-align:top}}code{{font-size:.95rem}}</style>
<h1>{title}</h1><p>Schemas of requests and answers: <a href="/openapi.json">/openapi.json</a>.</p>
<table>{rows}</table></html>"""


def service_router(model: str) -> APIRouter:
    """The routes of a server of a model."""
    router = APIRouter(tags=["Service"])

    @router.get("/health")
    async def health() -> dict[str, str]:
        """Whether the server answers."""
        return {"status": "ok"}

    @router.get("/version")
    async def version() -> dict[str, str]:
        """Which version it is, and of which model."""
        return {"version": inkling.__version__, "model": model}

    @router.get("/docs", include_in_schema=False)
    async def docs(request: Request) -> HTMLResponse:
        """All routes on a page that loads nothing from elsewhere, as FastAPI's own would."""
        return HTMLResponse(routes_page(request.app))

    return router


def routes_page(app: FastAPI) -> str:
    """The routes of an application as an HTML page."""
    rows = "".join(
        f"<tr><td>{method.upper()}<td><code>{html.escape(path)}</code><td>{html.escape(route.get('summary', ''))}"
        for path, methods in app.openapi()["paths"].items()
        for method, route in methods.items()
    )
    return _PAGE.format(title="Routes of this server", rows=rows)
