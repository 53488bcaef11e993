"""The HTTP server's application: TensorFlow Serving's REST, KServe's v2, metrics, documentation, the page.

Requests to /v1 and /v2 take a short way past FastAPI's routing, which costs more than the rest of the work; its routes
describe them for OpenAPI, and answer alike.
"""

from __future__ import annotations

import asyncio
import math
import zlib
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from typing import Any
from urllib.parse import quote, unquote

import orjson
from absl import logging
from fastapi import FastAPI, Request
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.responses import Response

from components.keys import SERVING_DEFAULT
from components.serving.saved_model_tagger import TaggedSentence, requests
from components.serving.server.access_log import write_access_log
from components.serving.server.api_description import describe_protocols
from components.serving.server.engine import Engine, PredictRequest, ServedVersion
from components.serving.server.errors import (
    STOPS,
    InvalidArgumentError,
    NotFoundError,
    ResourceExhaustedError,
    ServingError,
    UnavailableError,
    UnimplementedError,
)
from components.serving.server.loaded_version import ServedSignature
from components.serving.server.page.routes import PAGE_PATHS, page_router
from components.serving.server.predict_call import VersionChoice
from components.serving.server.protocols import open_inference, tensor_json
from components.serving.server.protocols.calls import Call, Calls, is_basic, is_bearer, seconds
from components.serving.server.protocols.label_studio import LABEL_STUDIO, Labelling, ServedTagger
from components.serving.server.protocols.metrics import CONTENT_TYPE
from components.serving.server.protocols.tensorflow_api import metadata_json, status_json, target
from components.serving.server.settings import ServerSettings

TIMEOUT_HEADER = b"x-request-timeout"
OPEN_PATHS = PAGE_PATHS | {"/v2/health/live", "/v2/health/ready"}
"""Paths that need no token: the page's files, and an orchestrator's probes."""

_JSON = b"application/json"
_LARGE = 1 << 18  # bytes of a body that is parsed in a thread
_DISCARDED = 1 << 30  # most bytes of a refused body that are read
_HTTP = {
    "INVALID_ARGUMENT": 400,
    "FAILED_PRECONDITION": 400,
    "NOT_FOUND": 404,
    "UNIMPLEMENTED": 501,
    "RESOURCE_EXHAUSTED": 503,
    "UNAVAILABLE": 503,
    "DEADLINE_EXCEEDED": 504,
}
_Handler = Callable[[Call, Request], Awaitable[Response]]


class _TooLargeError(Exception):
    """The body exceeds the limit."""


class _Content(Response):
    """A response whose headers are ready: Starlette takes as long to build them as a short request takes otherwise."""

    def __init__(self, content: bytes, status: int = 200, content_type: bytes = _JSON) -> None:
        self.body, self.status_code, self.background = content, status, None
        self.raw_headers = [(b"content-length", b"%d" % len(content)), (b"content-type", content_type)]


def rest_app(engine: Engine, settings: ServerSettings, calls: Calls | None = None) -> FastAPI:
    """Returns the application.

    Args:
        engine: runs the models.
        settings: of the server; a token is asked of every request except health checks and the page's files.
        calls: shared with `grpc_server`; None: of this application's own.
    """
    calls = calls or Calls(engine, settings)
    app = _App(
        title="Named entity recognition",
        description="TensorFlow Serving's REST API, KServe's Open Inference Protocol v2, ML backend of Label Studio.",
        version="1",
        docs_url=None,  # FastAPI's pages load their scripts from another server
        redoc_url=None,
    )
    app.start(calls, settings.token)
    _add_routes(app)
    return app


class _App(FastAPI):
    """FastAPI with a bearer token and a short way to the two inference protocols."""

    def start(self, calls: Calls, token: str) -> None:
        """Takes over the engine; separate from the constructor, whose arguments FastAPI defines."""
        self.calls = calls
        self._token = token.encode()
        self._v1, self._v2 = _TensorFlowServing(calls), _OpenInference(calls)
        self._label_studio = _LabelStudio(calls)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answers a request."""
        if scope["type"] != "http":
            await super().__call__(scope, receive, send)
            return
        if scope["method"] == "HEAD":  # the server leaves the body out
            scope = {**scope, "method": "GET"}
        path = scope["path"]
        if self._token and path not in OPEN_PATHS and not self._authorized(scope):
            self.calls.finish(Call("rest"), "UNAUTHENTICATED")
            response = _error(401, "Send the header `Authorization: Bearer TOKEN`.")
            response.headers["WWW-Authenticate"] = "Bearer"
            await response(scope, receive, send)
        elif path[:4].lower() == "/v1/" and path != "/v1/models":
            await (await self.v1(Request(scope, receive)))(scope, receive, send)
        elif path == "/v2" or path.startswith("/v2/"):
            await (await self.v2(Request(scope, receive)))(scope, receive, send)
        elif path == LABEL_STUDIO or path.startswith(f"{LABEL_STUDIO}/"):
            await (await self.label_studio(Request(scope, receive)))(scope, receive, send)
        else:
            await super().__call__(scope, receive, send)

    async def v1(self, request: Request) -> Response:
        """Answers TensorFlow Serving's REST."""
        return await self._answered("rest", self._v1.answer, request)

    async def v2(self, request: Request) -> Response:
        """Answers KServe's v2."""
        return await self._answered("v2", self._v2.answer, request)

    async def label_studio(self, request: Request) -> Response:
        """Answers Label Studio."""
        return await self._answered("label_studio", self._label_studio.answer, request)

    def _authorized(self, scope: Any) -> bool:
        sent = next((value for name, value in scope["headers"] if name == b"authorization"), b"")
        if scope["path"].startswith(LABEL_STUDIO) and is_basic(sent, self._token):
            return True
        return is_bearer(sent, self._token)

    async def _answered(self, protocol: str, handler: _Handler, request: Request) -> Response:
        client = request.scope.get("client")
        call = Call(protocol, peer=f"{client[0]}:{client[1]}" if client else "")
        try:
            response = await handler(call, request)
        except ServingError as error:
            self.calls.finish(call, error.code)
            return _serving_error(error)
        except _TooLargeError as error:
            self.calls.finish(call, "INVALID_ARGUMENT")
            response = _error(413, str(error))
            response.headers["Connection"] = "close"  # the rest of the body may not have been read
            return response
        except ClientDisconnect:
            self.calls.finish(call, "CANCELLED")
            return _error(499, "the client closed the connection")
        except asyncio.CancelledError:
            self.calls.finish(call, "CANCELLED")
            if not self.calls.refusing:
                raise
            return _serving_error(UnavailableError(STOPS))  # uvicorn cancels the rest, and would answer with 500
        except Exception:
            logging.exception("%s %s failed", request.method, request.url.path)
            self.calls.finish(call, "INTERNAL")
            return _error(500, "an error in the server; its log has the traceback")
        self.calls.finish(call, "OK" if response.status_code < 400 else "UNAVAILABLE")
        return response


class _TensorFlowServing:
    """http_rest_api_handler.cc."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    async def answer(self, call: Call, request: Request) -> Response:
        asked = target(request.method, _raw_path(request))
        call.method = asked.method
        if asked.method == "status":
            return _Content(status_json(self._calls.statuses(call, asked.chosen)))
        if asked.method == "metadata":
            return _Content(metadata_json(self._calls.served(call, asked.chosen)))
        if asked.method.lower() != "predict":
            raise UnimplementedError(f"{asked.method} is not offered. Use :predict, which serves all signatures.")
        body = await _body(request, self._calls.settings.max_request_bytes)
        call.begin_answer()
        timeout = _timeout(request)
        prepared, row = await _prepared(
            self._calls, call, asked.chosen, len(body), lambda: self._prepare(call, asked.chosen, body, timeout)
        )
        answer = await self._calls.predict(call, prepared)
        return _Content(await _maybe_in_thread(len(body), lambda: tensor_json.encode(answer.outputs, row)))

    def _prepare(
        self, call: Call, chosen: VersionChoice, body: bytes, timeout: float | None
    ) -> tuple[PredictRequest, bool]:
        document = tensor_json.parse(body)
        name = tensor_json.signature_name(document)
        name, signature = _signature(self._calls.served(call, chosen), name)
        inputs, row = tensor_json.decode(document, signature.inputs)
        return PredictRequest(*chosen, name, inputs, (), timeout), row


class _OpenInference:
    """Routes of KServe's Open Inference Protocol."""

    def __init__(self, calls: Calls) -> None:
        self._calls, self._engine = calls, calls.engine

    async def answer(self, call: Call, request: Request) -> Response:
        path = _raw_path(request)
        parts = path.strip("/").split("/")[1:]
        match request.method, parts:
            case "GET", []:
                call.method = "server"
                return _json({"name": "deployable-ner", "version": "1", "extensions": ["binary_tensor_data"]})
            case "GET", ["health", "live"]:
                call.method = "health"
                return _json({"live": True})
            case "GET", ["health", "ready"]:
                call.method = "health"
                return _ready({}, self._calls.ready())
            case "GET", ["models"]:
                call.method = "models"
                return _json({"models": self._engine.models()})
            case method, ["models", model, "versions", version, *rest]:
                return await self._model(call, request, _choice(model, version), (method, *rest))
            case method, ["models", model, *rest]:
                return await self._model(call, request, VersionChoice(unquote(model)), (method, *rest))
        raise NotFoundError(f"no {request.method} {path[:500]} in the Open Inference Protocol. /docs lists the paths.")

    async def _model(self, call: Call, request: Request, chosen: VersionChoice, asked: tuple[str, ...]) -> Response:
        model = chosen.model
        match asked:
            case ("POST", "infer"):
                call.method = "predict"
                return await self._infer(call, request, chosen)
            case ("GET", "ready"):
                call.method = "health"
                statuses = self._calls.statuses(call, chosen)
                return _ready({"name": model}, any(status.state == "AVAILABLE" for status in statuses))
            case ("GET",):
                call.method = "metadata"
                served = self._calls.served(call, chosen)
                name, _ = _signature(served, request.query_params.get("signature_name", ""))
                versions = [each.version for each in self._engine.statuses(model) if each.state == "AVAILABLE"]
                return _json(open_inference.metadata(served, versions, name))
        raise NotFoundError(f"no {request.method} {request.url.path[:500]} in the Open Inference Protocol.")

    async def _infer(self, call: Call, request: Request, chosen: VersionChoice) -> Response:
        body = await _body(request, self._calls.settings.max_request_bytes)
        call.begin_answer()
        header, timeout = request.headers.get(open_inference.BINARY_HEADER), _timeout(request)

        def prepare() -> tuple[open_inference.InferRequest, PredictRequest]:
            parsed = open_inference.parse_request(body, header)
            served = self._calls.served(call, chosen)
            name, signature = _signature(served, parsed.signature)
            for output in parsed.outputs:
                if output not in signature.outputs:
                    raise InvalidArgumentError(
                        f"outputs: signature {name} has no output {tensor_json.shown(output)}. Request some of "
                        f"{', '.join(signature.outputs)}."
                    )
            inputs = open_inference.inputs(parsed, signature.inputs)
            outputs = tuple(parsed.outputs)
            return parsed, PredictRequest(*chosen, name, inputs, outputs, parsed.timeout or timeout)

        parsed, prepared = await _prepared(self._calls, call, chosen, len(body), prepare)
        answer = await self._calls.predict(call, prepared)
        content, length = await _maybe_in_thread(len(body), lambda: open_inference.encode(chosen.model, parsed, answer))
        if length is None:
            return _Content(content)
        response = _Content(content, content_type=b"application/octet-stream")
        response.headers[open_inference.BINARY_HEADER] = str(length)
        return response


class _LabelStudio:
    """A Label Studio ML backend: the address of the backend is that of the server and `LABEL_STUDIO`."""

    def __init__(self, calls: Calls) -> None:
        self._calls, self._engine = calls, calls.engine

    async def answer(self, call: Call, request: Request) -> Response:
        path = _raw_path(request)
        *parts, asked = [unquote(part) for part in path.strip("/").split("/")[1:]] or [""]
        chosen = self._chosen(parts, path)
        model = chosen.model
        match request.method, asked:
            case "GET", "health" | "":
                call.method = "health"
                ready = self._calls.ready(model)
                return _json({"status": "UP" if ready else "DOWN"}, 200 if ready else 503)
            case "GET", "versions":
                call.method = "status"
                states = self._calls.statuses(call, chosen)
                names = [_version_name(model, each.version) for each in states if each.state == "AVAILABLE"]
                return _json({"versions": names})
            case "POST", "setup":
                call.method = "setup"
                body = await _body(request, self._calls.settings.max_request_bytes)
                served = self._calls.served(call, chosen)
                try:
                    ServedTagger(served)
                    Labelling.parse(tensor_json.parse(body).get("schema"))
                except InvalidArgumentError as error:  # Label Studio shows the status only
                    write_access_log(event="label_studio_setup", model=model, error=str(error))
                    raise
                return _json({"model_version": _version_name(model, served.number)})
            case "POST", "predict":
                call.method = "predict"
                return await self._predict(call, request, chosen)
            case "POST", "train" | "webhook":
                raise UnimplementedError(f"{asked} is not offered. Export the labels, and train with `ner retrain`.")
        raise NotFoundError(f"no {request.method} {path[:500]} for Label Studio. /docs lists the paths.")

    def _chosen(self, parts: list[str], path: str) -> VersionChoice:
        match parts:
            case []:
                names = self._engine.models()
                if len(names) == 1:
                    return VersionChoice(names[0])
                raise NotFoundError(
                    f"{len(names)} models are served: {', '.join(names) or 'none'}. Write {LABEL_STUDIO}/models/NAME."
                )
            case ["models", model]:
                return VersionChoice(model)
            case ["models", model, "versions", version] if version.isascii() and version.isdecimal():
                return VersionChoice(model, int(version[:19]))
            case ["models", model, "labels", label]:
                return VersionChoice(model, label=label)
        raise NotFoundError(f"no {path[:500]} for Label Studio. /docs lists the paths.")

    async def _predict(self, call: Call, request: Request, chosen: VersionChoice) -> Response:
        body = await _body(request, self._calls.settings.max_request_bytes)
        call.begin_answer()
        timeout = _timeout(request)
        served = self._calls.served(call, chosen)
        tagger, version = ServedTagger(served), _version_name(served.model, served.number)

        def prepare() -> tuple[Labelling, list[str]]:
            document = tensor_json.parse(body)
            labelling = Labelling.parse(document.get("label_config"))
            return labelling, labelling.texts(document.get("tasks"))

        labelling, texts = await _maybe_in_thread(len(body), prepare)
        if len(texts) > self._calls.settings.max_rows:
            most = self._calls.settings.max_rows
            raise InvalidArgumentError(f"{len(texts)} tasks; the limit is {most}. Send fewer at once.")

        async def tagged(batch: Sequence[str]) -> list[TaggedSentence]:
            asked = PredictRequest(
                served.model, served.number, None, tagger.signature, tagger.inputs_of(batch), tagger.outputs, timeout
            )
            answer = await self._calls.predict(call, asked)
            return tagger.read_outputs(batch, answer.outputs)

        parts = await asyncio.gather(*(tagged(batch) for batch in requests(texts)))
        call.rows = len(texts)
        unknown: Counter[str] = Counter()
        results = [labelling.prediction(each, version, unknown) for part in parts for each in part]
        return _json({"results": results, "model_version": version, "types_without_label": unknown})


def _choice(model: str, version: str) -> VersionChoice:
    """Returns the version of a path, by its number or its label; both are quoted."""
    name = unquote(version)
    if name.isascii() and name.isdecimal() and len(name) < 19:
        return VersionChoice(unquote(model), int(name))
    return VersionChoice(unquote(model), label=name)


def _version_name(model: str, version: int) -> str:
    return f"models:/{model}/{version}"


def _signature(served: ServedVersion, name: str) -> tuple[str, ServedSignature]:
    name = name or SERVING_DEFAULT
    signature = served.signatures.get(name)
    if signature is None:
        raise InvalidArgumentError(
            f'Serving signature name: "{name[:100]}" not found in signature def. Signatures: '
            f"{', '.join(served.signatures)}."
        )
    return name, signature


async def _body(request: Request, most: int) -> bytes:
    """Reads the body, also a compressed one.

    Raises:
        InvalidArgumentError: the encoding is unknown or wrong.
        _TooLargeError: the body, or its content, is larger than `most`.
    """
    too_large = f"the body is larger than {most} bytes, the limit of this server. Send fewer rows at once."
    length = _header(request, b"content-length")
    if length.isdigit() and int(length[:20]) > most:
        if _header(request, b"expect").lower() != "100-continue":  # that client waits before it sends
            await _discard(request)
        raise _TooLargeError(too_large)
    parts, size, more = [], 0, True
    while more:
        message = await request.receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        parts.append(message.get("body", b""))
        size, more = size + len(parts[-1]), message.get("more_body", False)
        if size > most:
            if more:
                await _discard(request)
            raise _TooLargeError(too_large)
    body = parts[0] if len(parts) == 1 else b"".join(parts)
    encoding = _header(request, b"content-encoding").lower()
    if encoding in ("", "identity"):
        return body
    if encoding != "gzip":
        raise InvalidArgumentError(f"Content-Encoding: {tensor_json.shown(encoding)} is not known. Send gzip or none.")
    unpacked = zlib.decompressobj(wbits=31)
    try:
        content = unpacked.decompress(body, most + 1)
    except zlib.error as error:
        raise InvalidArgumentError(f"Content-Encoding: the body is not gzip: {error}.") from error
    if len(content) > most:
        raise _TooLargeError(too_large)
    if not unpacked.eof:
        raise InvalidArgumentError("Content-Encoding: the gzip data end too early.")
    if unpacked.unused_data:
        raise InvalidArgumentError("Content-Encoding: bytes follow the gzip data. Compress the body as one piece.")
    return content


async def _discard(request: Request) -> None:
    """Reads the rest of a body, up to a limit: a client that sends all of it before it reads would lose the answer."""
    size, more = 0, True
    while more and size < _DISCARDED:
        message = await request.receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        size, more = size + len(message.get("body", b"")), message.get("more_body", False)


async def _prepared(calls: Calls, call: Call, chosen: VersionChoice, size: int, prepare: Callable[[], Any]) -> Any:
    """Returns the result of `prepare`, which read a body for the version that is going to answer."""
    result = await _maybe_in_thread(size, prepare)
    if size >= _LARGE and calls.engine.signatures(*chosen).number != call.version:
        result = prepare()  # another version was promoted meanwhile; without a pause, none can be
    return result


async def _maybe_in_thread(size: int, function: Callable[[], Any]) -> Any:
    """Calls a function, in a thread if it takes long for a body of this size, so that other requests go on."""
    return function() if size < _LARGE else await asyncio.to_thread(function)


def _header(request: Request, name: bytes) -> str:
    """Returns a header, empty if there is none; Starlette's `headers` are slower."""
    for each, value in request.scope["headers"]:
        if each == name:
            return str(value, "latin-1")
    return ""


def _timeout(request: Request) -> float | None:
    if header := _header(request, TIMEOUT_HEADER):
        return seconds(header, "X-Request-Timeout")
    if b"timeout" in request.scope["query_string"] and (text := request.query_params.get("timeout")) is not None:
        return seconds(text, "timeout")
    return None


def _raw_path(request: Request) -> str:
    """Returns the path with its percent signs: %2F in a name is not a separator."""
    raw = request.scope.get("raw_path")
    return quote(request.scope["path"]) if raw is None else raw.partition(b"?")[0].decode("latin-1")


def _json(value: Any, status: int = 200) -> Response:
    return _Content(orjson.dumps(value), status)


def _ready(described: dict[str, Any], ready: bool) -> Response:
    return _json({**described, "ready": ready}, 200 if ready else 503)


def _error(status: int, message: str) -> Response:
    return _Content(tensor_json.error_body(message), status)


def _serving_error(error: ServingError) -> Response:
    response = _error(_HTTP.get(error.code, 500), str(error))
    if isinstance(error, ResourceExhaustedError):
        response.headers["Retry-After"] = str(max(1, math.ceil(error.retry_after)))
    elif isinstance(error, UnavailableError):
        response.headers["Retry-After"] = "1"
    return response


def _add_routes(app: _App) -> None:
    """Adds the routes of metrics, page, documentation and errors; those of the protocols only describe them."""

    async def http_error(request: Request, error: Exception) -> Response:
        status = error.status_code if isinstance(error, HTTPException) else 500
        detail = getattr(error, "detail", "error")
        response = _error(status, f"{request.method} {request.url.path[:500]}: {detail}. /docs lists the paths.")
        if status == 405 and isinstance(error, HTTPException) and error.headers:
            response.headers.update(error.headers)
        return response

    async def metrics() -> Response:
        return Response(app.calls.metrics.page(), media_type=CONTENT_TYPE)

    app.include_router(page_router(app.calls.engine))
    app.add_exception_handler(HTTPException, http_error)
    app.add_api_route("/metrics", metrics, methods=["GET"], tags=["server"], summary="Metrics for Prometheus")
    describe_protocols(app, app.v1, app.v2, app.label_studio)
