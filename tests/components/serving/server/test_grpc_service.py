"""TensorFlow Serving's gRPC, called with the stubs of tensorflow-serving-api."""

from __future__ import annotations

import asyncio
import json
import sys

import grpc
import numpy as np
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from support.echo_engine import EchoEngine, same
from support.lazy import LazyModule
from support.processes import run
from support.tensors import objects

from components.serving.server.engine import Engine
from components.serving.server.errors import DeadlineExceededError, ResourceExhaustedError, UnavailableError
from components.serving.server.grpc_service import grpc_server, stop_grpc
from components.serving.server.protocols.calls import Calls
from components.serving.server.settings import ServerSettings

tf = LazyModule("tensorflow")


def called(test, engine=None, settings=None):
    """Runs a coroutine function with a channel to a server."""

    async def serve():
        server = grpc_server(engine or EchoEngine(), settings or ServerSettings())
        port = server.add_insecure_port("127.0.0.1:0")
        await server.start()
        try:
            async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
                return await test(channel)
        finally:
            await server.stop(0)

    return asyncio.run(serve())


def predict_request(model="echo", signature="", inputs=None, **choice):
    from tensorflow_serving.apis import predict_pb2

    request = predict_pb2.PredictRequest()
    request.model_spec.name, request.model_spec.signature_name = model, signature
    if "version" in choice:
        request.model_spec.version.value = choice["version"]
    if "label" in choice:
        request.model_spec.version_label = choice["label"]
    for name, value in ({"text": ["Joe"]} if inputs is None else inputs).items():
        request.inputs[name].CopyFrom(tf.make_tensor_proto(value))
    return request


def predicted(request, engine=None, settings=None, **options):
    from tensorflow_serving.apis import prediction_service_pb2_grpc

    async def test(channel):
        return await prediction_service_pb2_grpc.PredictionServiceStub(channel).Predict(request, **options)

    return called(test, engine, settings)


def refusal(call):
    """Returns the status of a refused call."""
    with pytest.raises(grpc.aio.AioRpcError) as raised:
        call()
    return raised.value


@pytest.mark.parametrize("choice", [{}, {"version": 3}, {"label": "champion"}])
def test_all_dtypes_go_to_the_version_that_a_request_names_and_come_back(choice):
    inputs = {
        "float32": np.array([[0.1, np.nan]], np.float32), "float64": np.array([-np.inf]), "int64": np.array([2**62]),
        "int32": np.array([-1], np.int32), "int16": np.array([-2], np.int16), "int8": np.array([-3], np.int8),
        "uint8": np.array([255], np.uint8), "uint32": np.array([2**32 - 1], np.uint32), "bool": np.array([True]),
        "uint64": np.array([2**64 - 1], np.uint64), "string": objects([b"\xff\0"], 1), "key_bytes": objects([b""], ()),
    }  # fmt: skip
    engine = EchoEngine()
    response = predicted(predict_request(signature="all", inputs=inputs, **choice), engine, timeout=5)
    spec = response.model_spec
    assert (spec.name, spec.signature_name, spec.version.value) == ("echo", "all", 3)
    assert same(
        {name: tf.make_ndarray(tensor).reshape(inputs[name].shape) for name, tensor in response.outputs.items()}, inputs
    )
    (request,) = engine.requests
    assert (request.version, request.label) == (choice.get("version"), choice.get("label"))
    assert 4 < request.timeout < 6


def test_an_output_filter_names_the_outputs():
    request = predict_request(signature="two", inputs={"text": ["a"], "number": np.array([1])})
    request.output_filter.append("number")
    assert [*predicted(request).outputs] == ["number"]
    request.output_filter.append("number")
    assert "duplicate output tensor alias: number" in refusal(lambda: predicted(request)).details()
    request.output_filter[1] = "none"
    status = refusal(lambda: predicted(request))
    assert (status.code(), "alias not found in signature: none" in status.details()) == (
        grpc.StatusCode.INVALID_ARGUMENT, True
    )  # fmt: skip


@pytest.mark.parametrize(
    ("request_", "code", "text"),
    [
        ({"model": "other"}, "NOT_FOUND", "other"),
        ({"model": ""}, "INVALID_ARGUMENT", "ModelSpec has no name specified"),
        ({"version": 4}, "NOT_FOUND", "version 4"),
        ({"label": "none"}, "INVALID_ARGUMENT", "Unrecognized servable version label: 'none'"),
        ({"signature": "none"}, "FAILED_PRECONDITION", 'Serving signature key "none" not found'),
        ({"inputs": {}}, "INVALID_ARGUMENT", "Sent extra: {}. Missing but required: {text}."),
        ({"inputs": {"text": ["a"], "more": [1]}}, "INVALID_ARGUMENT", "Sent extra: {more}. Missing but required: {}."),
        ({"inputs": {"text": [1.5]}}, "INVALID_ARGUMENT", "expected a tensor of DataType 7 (string), got DataType 1"),
    ],
)
def test_a_request_that_does_not_fit_has_the_status_of_tensorflow_serving(request_, code, text):
    status = refusal(lambda: predicted(predict_request(**request_)))
    assert status.code().name == code
    assert text in status.details()


def test_a_request_without_a_model_is_refused():
    from tensorflow_serving.apis import predict_pb2

    assert refusal(lambda: predicted(predict_pb2.PredictRequest())).details() == "Missing ModelSpec"


def test_a_full_queue_is_unavailable_and_says_when_to_come_back():
    engine = EchoEngine()
    engine.error = ResourceExhaustedError("queue: full.", retry_after=0.5)
    status = refusal(lambda: predicted(predict_request(), engine))
    assert (status.code(), status.details()) == (grpc.StatusCode.UNAVAILABLE, "queue: full.")
    assert ("grpc-retry-pushback-ms", "500") in tuple(status.trailing_metadata())


@pytest.mark.parametrize(
    ("failure", "code", "text"),
    [
        (UnavailableError("stops."), "UNAVAILABLE", "stops."),
        (DeadlineExceededError("late."), "DEADLINE_EXCEEDED", "late."),
        (RuntimeError("the sentence of a user"), "INTERNAL", "an error in the server; its log has the traceback"),
    ],
)
def test_errors_keep_their_status_and_bugs_their_text(failure, code, text):
    engine = EchoEngine()
    engine.error = failure
    status = refusal(lambda: predicted(predict_request(), engine))
    assert (status.code().name, status.details()) == (code, text)


def test_a_client_that_goes_on_calling_while_the_server_stops_is_refused_and_never_cancelled(monkeypatch):
    monkeypatch.setattr("components.serving.server.grpc_service._HELD_SECONDS", 0.5)  # a slow machine needs it

    async def test():
        calls = Calls(EchoEngine(), ServerSettings())
        server = grpc_server(calls.engine, calls.settings, calls)
        port = server.add_insecure_port("127.0.0.1:0")
        await server.start()

        async def client(channel, answers):
            while not answers or "connect" not in answers[-1].details():
                try:
                    await health_pb2_grpc.HealthStub(channel).Check(health_pb2.HealthCheckRequest())
                except grpc.aio.AioRpcError as error:
                    answers.append(error)

        answers = [[], [], []]
        async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
            await asyncio.gather(stop_grpc(server, calls, 60), *(client(channel, each) for each in answers))
        return [error for each in answers for error in each]

    errors = asyncio.run(test())
    assert {error.code() for error in errors} == {grpc.StatusCode.UNAVAILABLE}
    assert any("the server stops" in error.details() for error in errors)


def test_watched_health_ends_while_the_server_stops_so_that_it_can_end():
    async def test():
        calls = Calls(EchoEngine(), ServerSettings())
        server = grpc_server(calls.engine, calls.settings, calls)
        port = server.add_insecure_port("127.0.0.1:0")
        await server.start()
        async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
            watch = health_pb2_grpc.HealthStub(channel).Watch(health_pb2.HealthCheckRequest())
            seen = [(await watch.read()).status]
            calls.refusing = True
            seen.append((await watch.read()).status)
            await asyncio.wait_for(server.stop(60), 20)
            return seen, await watch.code()

    statuses = health_pb2.HealthCheckResponse
    assert asyncio.run(test()) == ([statuses.SERVING, statuses.NOT_SERVING], grpc.StatusCode.UNAVAILABLE)


def test_bytes_that_are_not_the_message_are_an_invalid_argument():
    async def test(channel):
        return await channel.unary_unary("/tensorflow.serving.PredictionService/Predict")(b"\xff\xff")

    status = refusal(lambda: called(test))
    assert (status.code(), "not a tensorflow.serving.PredictRequest" in status.details()) == (
        grpc.StatusCode.INVALID_ARGUMENT, True
    )  # fmt: skip


def test_the_callers_deadline_ends_the_call():
    engine = EchoEngine()
    engine.delay = 5
    status = refusal(lambda: predicted(predict_request(), engine, timeout=0.05))
    assert status.code() == grpc.StatusCode.DEADLINE_EXCEEDED


def test_a_large_request_and_one_without_the_token_are_refused():
    settings = ServerSettings(max_request_bytes=1000)
    status = refusal(lambda: predicted(predict_request(inputs={"text": ["a" * 2000]}), settings=settings))
    assert status.code() == grpc.StatusCode.RESOURCE_EXHAUSTED
    secret = ServerSettings(token="secret")
    for metadata in (None, [("authorization", "Bearer wrong")]):
        status = refusal(lambda metadata=metadata: predicted(predict_request(), settings=secret, metadata=metadata))
        assert status.code() == grpc.StatusCode.UNAUTHENTICATED
    assert predicted(predict_request(), settings=secret, metadata=[("authorization", "Bearer secret")]).outputs


@pytest.mark.parametrize("method", ["Classify", "Regress", "MultiInference"])
def test_other_methods_are_unimplemented(method):
    from tensorflow_serving.apis import classification_pb2, inference_pb2, prediction_service_pb2_grpc, regression_pb2

    requests = {
        "Classify": classification_pb2.ClassificationRequest, "Regress": regression_pb2.RegressionRequest,
        "MultiInference": inference_pb2.MultiInferenceRequest,
    }  # fmt: skip

    async def test(channel):
        stub = prediction_service_pb2_grpc.PredictionServiceStub(channel)
        return await getattr(stub, method)(requests[method]())

    status = refusal(lambda: called(test))
    assert (status.code(), status.details()) == (
        grpc.StatusCode.UNIMPLEMENTED, f"{method} is not offered. Use Predict, which serves all signatures."
    )  # fmt: skip


def test_health_follows_the_models_and_needs_no_token():
    engine = EchoEngine()

    async def test(channel):
        stub = health_pb2_grpc.HealthStub(channel)
        states = []
        for engine.state in ("LOADING", "AVAILABLE"):
            for service in ("", "echo", "tensorflow.serving.PredictionService"):
                states.append((await stub.Check(health_pb2.HealthCheckRequest(service=service))).status)
        watch = stub.Watch(health_pb2.HealthCheckRequest())
        seen = [(await watch.read()).status]
        engine.state = "UNLOADING"
        seen.append((await watch.read()).status)
        watch.cancel()
        with pytest.raises(grpc.aio.AioRpcError, match="no service 'none'"):
            await stub.Check(health_pb2.HealthCheckRequest(service="none"))
        return states, seen

    statuses = health_pb2.HealthCheckResponse
    states, seen = called(test, engine, ServerSettings(token="secret"))
    assert states == [statuses.NOT_SERVING] * 3 + [statuses.SERVING] * 3
    assert seen == [statuses.SERVING, statuses.NOT_SERVING]


# A client of TensorFlow Serving, as its tutorials write it.
CLIENT = """
import json, sys
import grpc
import tensorflow as tf
from tensorflow_serving.apis import (
    get_model_metadata_pb2, get_model_status_pb2, model_service_pb2_grpc, predict_pb2, prediction_service_pb2_grpc,
)

channel = grpc.insecure_channel(sys.argv[1])
stub = prediction_service_pb2_grpc.PredictionServiceStub(channel)
request = predict_pb2.PredictRequest()
request.model_spec.name = "ner"
request.model_spec.version_label = "champion"
request.model_spec.signature_name = "keyed"
request.inputs["sentence"].CopyFrom(tf.make_tensor_proto(["Joe Biden went to Paris", ""]))
request.inputs["key"].CopyFrom(tf.make_tensor_proto([b"\\xff1", b"2"]))
response = stub.Predict(request, 30)
tags = tf.make_ndarray(response.outputs["tags"]).tolist()

question = get_model_metadata_pb2.GetModelMetadataRequest()
question.model_spec.name = "ner"
question.metadata_field.append("signature_def")
metadata = stub.GetModelMetadata(question, 30)
signatures = get_model_metadata_pb2.SignatureDefMap()
metadata.metadata["signature_def"].Unpack(signatures)

question = get_model_status_pb2.GetModelStatusRequest()
question.model_spec.name = "ner"
status = model_service_pb2_grpc.ModelServiceStub(channel).GetModelStatus(question, 30)
print(json.dumps({
    "tags": [[tag.decode() for tag in row] for row in tags],
    "keys": [key.hex() for key in tf.make_ndarray(response.outputs["key"]).tolist()],
    "version": response.model_spec.version.value,
    "signatures": sorted(signatures.signature_def),
    "metadata_version": metadata.model_spec.version.value,
    "states": {each.version: each.State.Name(each.state) for each in status.model_version_status},
}))
"""


@pytest.mark.extended
def test_a_client_of_tensorflow_serving_works_unchanged(tagger_folder, tmp_path):
    (tmp_path / "client.py").write_text(CLIENT)

    async def serve():
        engine = Engine()
        await engine.update("ner", {1: tagger_folder, 2: tagger_folder}, {"champion": 1})
        server = grpc_server(engine, ServerSettings())
        port = server.add_insecure_port("127.0.0.1:0")
        await server.start()
        client = [sys.executable, str(tmp_path / "client.py"), f"127.0.0.1:{port}"]
        try:
            return await asyncio.to_thread(run, client, capture_output=True, text=True)
        finally:
            await server.stop(0)

    process = asyncio.run(serve())
    assert process.returncode == 0, process.stderr
    answer = json.loads(process.stdout.splitlines()[-1])
    assert answer["tags"][0] == ["B-NAME", "I-NAME", "OUT", "OUT", "B-LOCATION"]
    assert answer["keys"] == ["ff31", "32"]
    assert (answer["version"], answer["states"]) == (1, {"2": "AVAILABLE", "1": "AVAILABLE"})
    assert {"keyed", "serving_default", "__saved_model_init_op"} <= {*answer["signatures"]}
    assert answer["metadata_version"] == 1
