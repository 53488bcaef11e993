"""Descriptions of the protocols for OpenAPI, and the page /docs."""

from __future__ import annotations

import functools
import html
from collections.abc import Awaitable, Callable
from typing import Any

import orjson
from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse
from starlette.responses import Response

from components.keys import SERVING_DEFAULT
from components.serving.server.protocols.label_studio import LABEL_STUDIO

Endpoint = Callable[[Request], Awaitable[Response]]

_SENTENCE = "Joe Biden went to Paris"
_PREDICT = {"signature_name": SERVING_DEFAULT, "instances": [_SENTENCE]}
_TASKS = {
    "tasks": [{"id": 1, "data": {"text": _SENTENCE}}],
    "label_config": '<View><Labels name="label" toName="text"><Label value="PER"/></Labels>'
    '<Text name="text" value="$text"/></View>',
}
_INFER = {"inputs": [{"name": "sentence", "shape": [1], "datatype": "BYTES", "data": [_SENTENCE]}]}


def describe_protocols(app: FastAPI, v1: Endpoint, v2: Endpoint, label_studio: Endpoint) -> None:
    """Adds the routes of the protocols, and a page that lists all of them.

    Args:
        app: the application.
        v1: answers TensorFlow Serving's REST.
        v2: answers KServe's v2.
        label_studio: answers Label Studio.
    """

    async def docs() -> HTMLResponse:
        return HTMLResponse(_docs_page(app.openapi()))

    app.add_api_route("/docs", docs, methods=["GET"], include_in_schema=False)
    add_v1 = functools.partial(_add, app, "TensorFlow Serving", v1)
    add_v2 = functools.partial(_add, app, "Open Inference Protocol (KServe v2)", v2)
    add_label_studio = functools.partial(_add, app, "Label Studio ML backend", label_studio)
    for choice in ("", "/versions/{version}", "/labels/{label}"):
        add_v1(f"/v1/models/{{model}}{choice}:predict", "POST", "Predict", example=_PREDICT)
        add_v1(f"/v1/models/{{model}}{choice}", "GET", "Status of the versions")
        add_v1(f"/v1/models/{{model}}{choice}/metadata", "GET", "Signatures")
    for choice in ("", "/models/{model}", "/models/{model}/versions/{version}", "/models/{model}/labels/{label}"):
        add_label_studio(f"{LABEL_STUDIO}{choice}/predict", "POST", "Labels for tasks", example=_TASKS)
        add_label_studio(f"{LABEL_STUDIO}{choice}/setup", "POST", "Check of a labelling configuration")
        add_label_studio(f"{LABEL_STUDIO}{choice}/health", "GET", "200 when the model can answer")
        add_label_studio(f"{LABEL_STUDIO}{choice}/versions", "GET", "Versions that can answer")
    add_v2("/v2", "GET", "Name and extensions of the server")
    add_v2("/v2/health/live", "GET", "200 while the server runs")
    add_v2("/v2/health/ready", "GET", "200 when every model can answer, otherwise 503")
    add_v2("/v2/models", "GET", "Names of the models")
    for choice in ("", "/versions/{version}"):
        add_v2(f"/v2/models/{{model}}{choice}", "GET", "Inputs and outputs")
        add_v2(f"/v2/models/{{model}}{choice}/ready", "GET", "200 when the model can answer, otherwise 503")
        add_v2(f"/v2/models/{{model}}{choice}/infer", "POST", "Predict", example=_INFER)


def _add(
    app: FastAPI, protocol: str, endpoint: Endpoint, path: str, method: str, summary: str, *, example: Any = None
) -> None:
    names = [part.partition("}")[0] for part in path.split("{")[1:]]
    extra: dict[str, Any] = {
        "parameters": [{"name": name, "in": "path", "required": True, "schema": {"type": "string"}} for name in names]
    }
    if example is not None:
        schema = {"type": "object", "example": example}
        extra["requestBody"] = {"required": True, "content": {"application/json": {"schema": schema}}}
        extra["parameters"] += [
            {"name": "timeout", "in": "query", "schema": {"type": "number"}, "description": "Seconds to wait."}
        ]
    app.add_api_route(
        path,
        endpoint,
        methods=[method],
        tags=[protocol],
        summary=summary,
        operation_id=f"{method.lower()} {path}",
        openapi_extra=extra,
        response_model=None,
    )


def _docs_page(openapi: dict[str, Any]) -> str:
    """Returns a page of all operations, without scripts and files of other servers."""
    rows = []
    for path, operations in openapi["paths"].items():
        for method, operation in operations.items():
            content = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
            example = content.get("schema", {}).get("example")
            text = html.escape(orjson.dumps(example).decode()) if example else ""
            cells = (method.upper(), html.escape(path), html.escape(operation["summary"]), f"<code>{text}</code>")
            rows.append("".join(f"<td>{cell}</td>" for cell in cells))
    table = "".join(f"<tr>{row}</tr>" for row in rows)
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width"><title>API</title>'
        "<style>:root{color-scheme:light dark}body{font:1rem system-ui,sans-serif;margin:2rem;max-width:75rem}"
        "table{border-collapse:collapse}td,th{text-align:left;vertical-align:top;padding:.3rem .6rem;"
        "border-bottom:1px solid #8886}code{overflow-wrap:anywhere}</style>"
        f"<h1>{html.escape(openapi['info']['title'])}</h1><p>{html.escape(openapi['info']['description'])} "
        'As OpenAPI: <a href="openapi.json">openapi.json</a>.</p>'
        "<table><thead><tr><th>Method<th>Path<th>Meaning<th>Example of a body</thead>"
        f"<tbody>{table}</tbody></table></html>"
    )
