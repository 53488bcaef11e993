"""TensorFlow Serving's gRPC services, and gRPC's health checks."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import Any

import grpc
from absl import logging
from google.protobuf.message import DecodeError
from grpc_health.v1 import health_pb2

from components.exporter.validator.probe.saved_graph import TensorInfo
from components.keys import SERVING_DEFAULT
from components.serving.server.engine import Engine, PredictRequest
from components.serving.server.errors import (
    STOPS,
    FailedPreconditionError,
    InvalidArgumentError,
    NotFoundError,
    ResourceExhaustedError,
    ServingError,
    UnavailableError,
    UnimplementedError,
)
from components.serving.server.predict_call import VersionChoice
from components.serving.server.protocols.calls import Call, Calls, is_bearer
from components.serving.server.protocols.tensor_proto import fill, to_array
from components.serving.server.protocols.tensorflow_api import (
    SIGNATURE_DEF,
    messages,
    metadata_message,
    status_message,
)
from components.serving.server.settings import ServerSettings

PREDICTION, MODEL, HEALTH = (
    "tensorflow.serving.PredictionService",
    "tensorflow.serving.ModelService",
    "grpc.health.v1.Health",
)
_UNIMPLEMENTED = {PREDICTION: ("Classify", "Regress", "MultiInference"), MODEL: ("HandleReloadConfigRequest",)}
_LONGEST_MESSAGE = 1024  # kErrorMessageLimit of TensorFlow Serving
_WATCH_SECONDS = 0.5
_DEAD_MILLISECONDS = 60_000  # of silence until a client is asked for a sign of life, which it has 20 seconds to give
_IDLE_MILLISECONDS = 600_000  # until a connection without a call is closed; clients connect again by themselves
_REFUSING_SECONDS = 0.3  # until the server stops, so that clients learn it from an answer
_HELD_SECONDS = 0.05  # before and after it: more than a round trip takes
_Method = Callable[[Call, Any, Any], Awaitable[Any]]


def grpc_server(engine: Engine, settings: ServerSettings, calls: Calls | None = None) -> grpc.aio.Server:
    """Returns a server without a port, which the caller adds and starts.

    Args:
        engine: runs the models.
        settings: of the server; a token is asked of every call except health checks.
        calls: shared with `rest_app`; None: of this server's own.
    """
    server = grpc.aio.server(
        interceptors=[_Token(settings.token)] if settings.token else [],
        maximum_concurrent_rpcs=settings.max_connections,
        options=[
            ("grpc.max_receive_message_length", settings.max_request_bytes),
            ("grpc.max_send_message_length", -1),
            ("grpc.keepalive_time_ms", _DEAD_MILLISECONDS),
            ("grpc.max_connection_idle_ms", _IDLE_MILLISECONDS),
            ("grpc.so_reuseport", 0),  # a second server on the same port is an error
        ],
    )
    service = _Service(calls or Calls(engine, settings))
    server.add_generic_rpc_handlers(service.handlers())
    return server


async def stop_grpc(server: grpc.aio.Server, calls: Calls, seconds: float) -> None:
    """Stops a server: running calls finish, new ones are UNAVAILABLE.

    grpcio cancels a call that arrives in the moment of its stop, and clients do not repeat cancelled ones. So new calls
    are refused for some time before, and those that come just before the stop are answered just after it: a client that
    waits for the answer has no other call on the way meanwhile.

    Args:
        server: of `grpc_server`.
        calls: of the same server.
        seconds: longest time for running calls; later they are cancelled.
    """
    calls.refusing = True
    await asyncio.sleep(min(_REFUSING_SECONDS, seconds))
    calls.held = asyncio.Event()
    await asyncio.sleep(min(_HELD_SECONDS, seconds))
    stopped = asyncio.ensure_future(server.stop(seconds))
    await asyncio.sleep(min(_HELD_SECONDS, seconds))
    calls.held.set()
    await stopped


class _Service:
    def __init__(self, calls: Calls) -> None:
        self._calls, self._engine, self._settings = calls, calls.engine, calls.settings

    def handlers(self) -> tuple[grpc.GenericRpcHandler, ...]:
        apis = messages()
        methods = {
            PREDICTION: {
                "Predict": self._handler("predict", self._predict, apis.predict.PredictRequest),
                "GetModelMetadata": self._handler("metadata", self._metadata, apis.metadata.GetModelMetadataRequest),
            },
            MODEL: {"GetModelStatus": self._handler("status", self._status, apis.status.GetModelStatusRequest)},
            HEALTH: {
                "Check": self._handler("health", self._check, health_pb2.HealthCheckRequest),
                "Watch": grpc.unary_stream_rpc_method_handler(
                    self._watch, health_pb2.HealthCheckRequest.FromString, _serialized
                ),
            },
        }
        for service, names in _UNIMPLEMENTED.items():
            methods[service] |= {name: self._handler(name, _unimplemented, None) for name in names}
        return tuple(grpc.method_handlers_generic_handler(name, each) for name, each in methods.items())

    def _handler(self, name: str, method: _Method, request_type: Any) -> grpc.RpcMethodHandler:
        async def handle(message: bytes, context: Any) -> Any:
            call = Call("grpc", name, context.peer())
            try:
                if self._calls.refusing:
                    if self._calls.held is not None:
                        await self._calls.held.wait()
                    raise UnavailableError(STOPS)
                response = await method(call, _parsed(message, request_type), context)
            except ServingError as error:
                self._calls.finish(call, error.code)
                await _abort(context, error)
            except asyncio.CancelledError:
                self._calls.finish(call, "CANCELLED")
                raise
            except Exception:
                logging.exception("%s failed", name)
                self._calls.finish(call, "INTERNAL")
                await context.abort(grpc.StatusCode.INTERNAL, "an error in the server; its log has the traceback")
            self._calls.finish(call)
            return response

        return grpc.unary_unary_rpc_method_handler(handle, None, _serialized)

    async def _predict(self, call: Call, request: Any, context: Any) -> Any:
        spec = request.model_spec
        chosen = _version_choice(request)
        served = self._calls.served(call, chosen)
        name = spec.signature_name or SERVING_DEFAULT
        signature = served.signatures.get(name)
        if signature is None:
            raise FailedPreconditionError(
                f'Serving signature key "{name[:100]}" not found. Signatures: {", ".join(served.signatures)}.'
            )
        call.signature = name
        _check_inputs(request.inputs, signature.inputs)
        outputs = tuple(request.output_filter)
        for output in outputs:
            if output not in signature.outputs:
                raise InvalidArgumentError(
                    f"output tensor alias not found in signature: {output[:100]} Outputs expected to be in the set "
                    f"{{{','.join(sorted(signature.outputs))}}}."
                )
            if outputs.count(output) > 1:
                raise InvalidArgumentError(f"duplicate output tensor alias: {output}")
        answer = await self._calls.predict(
            call,
            PredictRequest(
                *chosen,
                name,
                {
                    key: to_array(key, tensor, self._settings.max_request_bytes)
                    for key, tensor in request.inputs.items()
                },
                outputs,
                context.time_remaining(),
            ),
        )
        response = messages().predict.PredictResponse()
        response.model_spec.name, response.model_spec.signature_name = chosen.model, name
        response.model_spec.version.value = answer.version
        for key, array in answer.outputs.items():
            fill(response.outputs[key], array)
        return response

    async def _metadata(self, call: Call, request: Any, context: Any) -> Any:
        chosen = _version_choice(request)
        if not request.metadata_field:
            raise InvalidArgumentError("GetModelMetadataRequest must specify at least one metadata_field")
        for field in request.metadata_field:
            if field != SIGNATURE_DEF:
                raise InvalidArgumentError(f"Metadata field {field[:100]} is not supported")
        return metadata_message(self._calls.served(call, chosen))

    async def _status(self, call: Call, request: Any, context: Any) -> Any:
        return status_message(self._calls.statuses(call, _version_choice(request)))

    async def _check(self, call: Call, request: Any, context: Any) -> Any:
        status = self._health(request.service)
        if status == health_pb2.HealthCheckResponse.SERVICE_UNKNOWN:
            raise NotFoundError(f"no service {request.service[:100]!r}. Ask for '', {PREDICTION} or a model.")
        return health_pb2.HealthCheckResponse(status=status)

    async def _watch(self, request: Any, context: Any) -> AsyncIterator[Any]:
        last = None
        while True:
            ends = self._calls.refusing  # read before the status, so that a client sees NOT_SERVING first
            if (status := self._health(request.service)) != last:
                last = status
                yield health_pb2.HealthCheckResponse(status=status)
            if ends:  # the server would wait for this call
                await context.abort(grpc.StatusCode.UNAVAILABLE, STOPS)
            await asyncio.sleep(_WATCH_SECONDS)

    def _health(self, service: str) -> Any:
        statuses = health_pb2.HealthCheckResponse
        models = self._engine.models()
        if service in models:
            ready = self._calls.ready(service)
        elif service in ("", PREDICTION, MODEL):
            ready = self._calls.ready()
        else:
            return statuses.SERVICE_UNKNOWN
        return statuses.SERVING if ready else statuses.NOT_SERVING


class _Token(grpc.aio.ServerInterceptor):
    """Refuses calls without the bearer token."""

    def __init__(self, token: str) -> None:
        self._token = token.encode()

    async def intercept_service(self, continuation: Any, details: Any) -> Any:
        sent = dict(details.invocation_metadata).get("authorization", "")
        if details.method.startswith(f"/{HEALTH}/") or is_bearer(
            sent if isinstance(sent, bytes) else sent.encode(), self._token
        ):
            return await continuation(details)
        return grpc.unary_unary_rpc_method_handler(_unauthenticated)


async def _unauthenticated(request: bytes, context: Any) -> None:
    await context.abort(grpc.StatusCode.UNAUTHENTICATED, "Send the metadata `authorization: Bearer TOKEN`.")


async def _unimplemented(call: Call, request: bytes, context: Any) -> None:
    raise UnimplementedError(f"{call.method} is not offered. Use Predict, which serves all signatures.")


async def _abort(context: Any, error: ServingError) -> None:
    code = grpc.StatusCode[error.code]
    trailing: tuple[tuple[str, str], ...] = ()
    if isinstance(error, ResourceExhaustedError):
        # TensorFlow Serving's status for a full queue, with gRPC's own form of Retry-After.
        code = grpc.StatusCode.UNAVAILABLE
        trailing = (("grpc-retry-pushback-ms", str(round(error.retry_after * 1000))),)
    text = str(error)
    if len(text) > _LONGEST_MESSAGE:
        text = f"{text[:_LONGEST_MESSAGE]}...TRUNCATED"
    await context.abort(code, text, trailing)


def _version_choice(request: Any) -> VersionChoice:
    if not request.HasField("model_spec"):
        raise InvalidArgumentError("Missing ModelSpec")
    spec = request.model_spec
    if not spec.name:
        raise InvalidArgumentError("ModelSpec has no name specified.")
    choice = spec.WhichOneof("version_choice")
    return VersionChoice(
        spec.name,
        spec.version.value if choice == "version" else None,
        spec.version_label if choice == "version_label" else None,
    )


def _check_inputs(tensors: Any, infos: Mapping[str, TensorInfo]) -> None:
    sent, needed = set(tensors), set(infos)
    if sent != needed:
        sets = [",".join(sorted(each)) for each in (sent, needed, sent - needed, needed - sent)]
        raise InvalidArgumentError(
            f"input size does not match signature: {len(sent)}!={len(needed)} len({{{sets[0]}}}) != "
            f"len({{{sets[1]}}}). Sent extra: {{{sets[2]}}}. Missing but required: {{{sets[3]}}}."
        )
    for name, info in infos.items():
        if tensors[name].dtype != info.number:
            raise InvalidArgumentError(
                f"input {name}: expected a tensor of DataType {info.number} ({info.dtype}), got DataType "
                f"{tensors[name].dtype}."
            )


def _parsed(message: bytes, request_type: Any) -> Any:
    if request_type is None:
        return message
    try:
        return request_type.FromString(message)
    except DecodeError as error:
        name = request_type.DESCRIPTOR.full_name
        raise InvalidArgumentError(f"the message is not a {name}. Send one that its .proto file describes.") from error


def _serialized(message: Any) -> bytes:
    return bytes(message.SerializeToString())
