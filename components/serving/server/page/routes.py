"""Routes of the page, and of the list of models that it shows."""

from __future__ import annotations

import hashlib
from importlib import resources
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fastapi import APIRouter

    from components.serving.server.engine import Engine

_PACKAGE, _COMMON = "components.serving.server.page", "components.common"
# Path -> (package, file) of its parts, and media type. The page names its files relatively, so it also works behind a
# prefix.
_FILES = {
    "/": ([(_PACKAGE, "index.html")], "text/html; charset=utf-8"),
    "/page.css": ([(_COMMON, "palette.css"), (_PACKAGE, "page.css")], "text/css; charset=utf-8"),
    "/page.js": ([(_PACKAGE, "page.js")], "text/javascript; charset=utf-8"),
}
PAGE_PATHS = frozenset(_FILES)
"""Paths that a browser asks for without a bearer token; they hold neither models nor texts."""

# Nothing but these three paths and this server's API, and no markup made from strings.
SECURITY_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; base-uri 'none'; "
        "form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


def page_router(engine: Engine) -> APIRouter:
    """Returns the routes `/`, `/page.css`, `/page.js` and `/v1/models`.

    tests/components/serving/server/page/test_page_in_chromium.py shows them at work.
    """
    from fastapi import APIRouter
    from starlette.requests import Request
    from starlette.responses import Response

    router = APIRouter()
    for path, (parts, media_type) in _FILES.items():
        content = b"".join(resources.files(package).joinpath(name).read_bytes() for package, name in parts)
        tag = f'"{hashlib.sha256(content).hexdigest()[:32]}"'
        headers = {**SECURITY_HEADERS, "Cache-Control": "no-cache", "ETag": tag}

        async def answer(
            request: Request, content: bytes = content, media_type: str = media_type, headers: dict[str, str] = headers
        ) -> Response:
            if request.headers.get("if-none-match") == headers["ETag"]:
                return Response(status_code=304, headers=headers)
            return Response(content, media_type=media_type, headers=headers)

        router.add_route(path, answer, methods=["GET", "HEAD"], include_in_schema=False)

    @router.get("/v1/models", summary="Names, versions, states and labels of all models")
    async def models() -> dict[str, Any]:
        return {"models": [_model(engine, name) for name in engine.models()]}

    return router


def _model(engine: Engine, name: str) -> dict[str, Any]:
    """Returns one model: its versions, the newest first, with numbers as text like TensorFlow Serving's status."""
    from components.serving.server.errors import NotFoundError

    versions = []
    for status in sorted(engine.statuses(name), key=lambda each: each.version, reverse=True):
        labels: tuple[str, ...] = ()
        if status.state == "AVAILABLE":
            try:
                labels = engine.signatures(name, status.version, None).labels
            except NotFoundError:  # unloaded since
                continue
        versions.append(
            {
                "version": str(status.version),
                "state": status.state,
                "labels": list(labels),
                "status": {"error_code": status.code, "error_message": status.message},
            }
        )
    return {"name": name, "versions": versions}
