"""The HTTP application, in front of an engine that returns its inputs, and of a tagger."""

from __future__ import annotations

import asyncio
import dataclasses
import functools
import gzip
import json
import re
from types import SimpleNamespace

import httpx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.echo_engine import EchoEngine, infos
from support.tensors import objects

from components.serving.server.engine import Engine
from components.serving.server.errors import DeadlineExceededError, ResourceExhaustedError, UnavailableError
from components.serving.server.rest import rest_app
from components.serving.server.settings import ServerSettings

PREDICT = "/v1/models/echo:predict"
INFER = "/v2/models/echo/infer"
ROWS = {"instances": ["Joe", "Xi"]}


def ask(method, path, engine=None, settings=None, **request):
    """Sends one request."""
    engine = engine or EchoEngine()

    async def send():
        transport = httpx.ASGITransport(rest_app(engine, settings or ServerSettings()), raise_app_exceptions=True)
        async with httpx.AsyncClient(transport=transport, base_url="http://server") as client:
            return await client.request(method, path, **request)

    return asyncio.run(send())


def error(answer):
    assert answer.headers["content-type"] == "application/json"
    (name, text), *others = answer.json().items()
    assert name == "error"
    assert not others
    return text


@pytest.mark.parametrize("choice", ["", "/versions/3", "/labels/champion"])
@pytest.mark.parametrize(
    ("body", "expected"),
    [(ROWS, {"predictions": ["Joe", "Xi"]}), ({"inputs": ["Joe"]}, {"outputs": ["Joe"]})],
)
def test_a_request_in_either_form_reaches_the_version_that_it_names(choice, body, expected):
    engine = EchoEngine()
    answer = ask("POST", f"/v1/models/echo{choice}:predict", engine, json=body)
    assert (answer.status_code, answer.json()) == (200, expected)
    assert answer.headers["content-type"] == "application/json"
    (request,) = engine.requests
    assert (request.version, request.label) == {"": (None, None), "/versions/3": (3, None)}.get(
        choice, (None, "champion")
    )


def test_names_in_paths_are_percent_decoded_and_case_matters_only_in_names():
    assert ask("POST", "/V1/Models/%65cho/LABELS/ch%61mpion:predict", json=ROWS).status_code == 200
    assert ask("POST", "/v1/models/Echo:predict", json=ROWS).status_code == 404
    assert "no version None, label None of model a/b" in error(ask("POST", "/v1/models/a%2Fb:predict", json=ROWS))


@pytest.mark.parametrize(
    ("method", "path", "status", "text"),
    [
        ("GET", "/v1/foo", 400, "Malformed request: GET /v1/foo"),
        ("POST", "/v1/models/echo/version/50:predict", 400, "Malformed request"),
        ("GET", PREDICT, 400, "Malformed request"),
        ("PUT", PREDICT, 400, "Malformed request"),
        ("POST", "/v1/models/echo/metadata", 400, "Malformed request"),
        ("POST", "/v1/models/echo/versions/99999999999999999999:predict", 400, "Failed to convert version"),
        ("POST", "/v1/models/other:predict", 404, "other"),
        ("POST", "/v1/models/echo/versions/4:predict", 404, "version 4"),
        ("POST", "/v1/models/echo/labels/none:predict", 400, "Unrecognized servable version label: 'none'"),
        ("GET", "/v1/models/other", 404, "other"),
        ("GET", "/v1/models/other/metadata", 404, "other"),
        ("GET", "/v1/models/echo/versions/4", 404, "version 4"),
        ("POST", "/v1/models/echo:classify", 501, "classify is not offered. Use :predict"),
        ("POST", "/v1/models/echo:regress", 501, "regress is not offered. Use :predict"),
        ("GET", "/v2/models/other", 404, "other"),
        ("POST", "/v2/models/other/infer", 404, "other"),
        ("GET", INFER, 404, "no GET /v2/models/echo/infer"),
        ("GET", "/nothing", 404, "GET /nothing: Not Found. /docs lists the paths."),
        ("POST", "/metrics", 405, "Method Not Allowed"),
    ],
)
def test_a_wrong_path_gets_the_status_of_tensorflow_serving_and_a_reason(method, path, status, text):
    content = json.dumps(ROWS | {"inputs": []} if "infer" in path else ROWS) if method != "GET" else None
    answer = ask(method, path, content=content)
    assert answer.status_code == status
    assert text in error(answer)


@pytest.mark.parametrize("path", ["/v1/models/echo", "/v1/models", "/v2/health/ready", "/metrics", "/"])
def test_head_has_the_status_and_headers_of_get(path):
    head, get = ask("HEAD", path), ask("GET", path)
    assert (head.status_code, head.headers["content-type"]) == (200, get.headers["content-type"])


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ({"signature_name": "none", **ROWS}, 'Serving signature name: "none" not found in signature def'),
        ({"signature_name": 5, **ROWS}, "'signature_name' key must be a string value"),
        ({"signature_name": "two", **ROWS}, "expecting list of objects as multiple input tensors required"),
        ({**ROWS, "inputs": []}, "expecting only one of 'inputs' or 'instances'"),
        ({"inputs": [1]}, "is not of expected type: string"),
        ([], "Is not object"),
    ],
)
def test_a_body_that_does_not_fit_is_a_bad_request(body, text):
    answer = ask("POST", PREDICT, json=body)
    assert answer.status_code == 400
    assert text in error(answer)


@pytest.mark.parametrize(
    ("failure", "status", "retry"),
    [
        (ResourceExhaustedError("queue: full.", retry_after=2.5), 503, "3"),
        (UnavailableError("the server stops."), 503, "1"),
        (DeadlineExceededError("no answer."), 504, None),
    ],
)
@pytest.mark.parametrize("path", [PREDICT, INFER])
def test_a_full_queue_and_a_deadline_have_their_status(failure, status, retry, path):
    engine = EchoEngine()
    engine.error = failure
    body = ROWS if path == PREDICT else infer(["Joe"])
    answer = ask("POST", path, engine, json=body)
    assert (answer.status_code, answer.headers.get("retry-after")) == (status, retry)
    assert error(answer) == str(failure)


def test_a_bug_is_an_error_without_its_text_and_with_a_traceback_in_the_log(caplog):
    engine = EchoEngine()
    engine.error = RuntimeError("the sentence of a user")
    answer = ask("POST", PREDICT, engine, json=ROWS)
    assert answer.status_code == 500
    assert "the sentence" not in error(answer)


@pytest.mark.parametrize(
    ("request_", "timeout"),
    [
        ({}, None),
        ({"headers": {"X-Request-Timeout": "0.25"}}, 0.25),
        ({"params": {"timeout": "1.5"}}, 1.5),
    ],
)
@pytest.mark.parametrize("path", [PREDICT, INFER])
def test_a_request_carries_its_deadline(request_, timeout, path):
    engine = EchoEngine()
    assert ask("POST", path, engine, json=ROWS if path == PREDICT else infer(["Joe"]), **request_).status_code == 200
    assert engine.requests[0].timeout == timeout


@pytest.mark.parametrize("text", ["0", "-1", "nan", "inf", "1e999", "soon", "1_0", " 5", ""])
def test_a_deadline_is_a_number_of_seconds(text):
    answer = ask("POST", PREDICT, json=ROWS, params={"timeout": text})
    assert answer.status_code == 400
    assert "timeout: expected seconds above 0" in error(answer)


def test_a_large_body_is_refused_before_it_is_read_and_compressed_ones_are_unpacked():
    settings = ServerSettings(max_request_bytes=1000)
    text = json.dumps({"instances": ["a" * 2000]}).encode()
    packed = {"content": gzip.compress(text), "headers": {"Content-Encoding": "gzip"}}

    async def parts():
        yield text

    for body in ({"content": text}, {"content": parts()}, packed):
        answer = ask("POST", PREDICT, settings=settings, **body)
        assert answer.status_code == 413
        assert "larger than 1000 bytes" in error(answer)
    answer = ask("POST", PREDICT, **packed)
    assert (answer.status_code, answer.json()) == (200, {"predictions": ["a" * 2000]})
    for content, encoding, reason in [
        (b"{}", "gzip", "the body is not gzip"),
        (packed["content"][:-9], "gzip", "end too early"),
        (packed["content"] * 2, "gzip", "bytes follow the gzip data"),
        (b"{}", "br", '"br" is not known'),
    ]:
        answer = ask("POST", PREDICT, content=content, headers={"Content-Encoding": encoding})
        assert answer.status_code == 400
        assert reason in error(answer)


def test_a_body_of_megabytes_gives_the_same_answer():
    texts = [f"sentence {index}" for index in range(50_000)]
    assert ask("POST", PREDICT, json={"instances": texts}).json() == {"predictions": texts}


class PromotingEngine(EchoEngine):
    """Promotes version 4, whose input has another name, after the first look at its signatures."""

    def signatures(self, model, version=None, label=None):
        described = super().signatures(model, version, label)
        self.looks = getattr(self, "looks", 0) + 1
        if self.looks == 1:
            return described
        inputs = infos(sentence="string")
        signature = SimpleNamespace(inputs=inputs, outputs=inputs)
        return dataclasses.replace(described, number=4, signatures={"serving_default": signature})


def test_a_large_body_is_read_for_the_version_that_answers():
    engine = PromotingEngine()
    assert ask("POST", PREDICT, engine, json={"instances": ["a" * 1000] * 1000}).status_code == 200
    assert [*engine.requests[0].inputs] == ["sentence"]


def test_the_status_of_a_model_is_printed_like_by_tensorflow_serving():
    expected = {"version": "3", "state": "AVAILABLE", "status": {"error_code": "OK", "error_message": ""}}
    for choice in ("", "/versions/3", "/labels/champion"):
        assert ask("GET", f"/v1/models/echo{choice}").json() == {"model_version_status": [expected]}


def infer(texts, **changes):
    return {"inputs": [{"name": "text", "shape": [len(texts)], "datatype": "BYTES", "data": texts}], **changes}


def test_the_open_inference_protocol_describes_server_and_model():
    assert ask("GET", "/v2").json()["name"] == "deployable-ner"
    assert ask("GET", "/v2/health/live").json() == {"live": True}
    assert ask("GET", "/v2/models").json() == {"models": ["echo"]}
    for path in ("/v2/models/echo", "/v2/models/echo/versions/3", "/v2/models/echo/versions/champion"):
        described = ask("GET", path, params={"signature_name": "two"}).json()
        assert (described["name"], described["versions"]) == ("echo", ["3"])
        assert described["inputs"][0] == {"name": "number", "datatype": "INT64", "shape": [-1]}


@pytest.mark.parametrize("state", ["LOADING", "AVAILABLE"])
def test_readiness_follows_the_state_of_the_models(state):
    engine = EchoEngine()
    engine.state = state
    for path in ("/v2/health/ready", "/v2/models/echo/ready", "/v2/models/echo/versions/3/ready"):
        answer = ask("GET", path, engine)
        assert (answer.status_code, answer.json()["ready"]) == ((200, True) if state == "AVAILABLE" else (503, False))


def test_a_server_that_stops_is_not_ready():
    engine = EchoEngine()
    engine.stopping = True
    answer = ask("GET", "/v2/health/ready", engine)
    assert (answer.status_code, answer.json()["ready"]) == (503, False)


def test_an_inference_request_is_answered_as_json_and_as_binary_data():
    answer = ask("POST", INFER, json=infer(["Joe", "Xi"], id="7"))
    assert answer.json() == {
        "model_name": "echo",
        "model_version": "3",
        "id": "7",
        "parameters": {"signature_name": "serving_default"},
        "outputs": [{"name": "text", "datatype": "BYTES", "shape": [2], "data": ["Joe", "Xi"]}],
    }
    answer = ask("POST", INFER, json=infer(["Joe"], parameters={"binary_data_output": True}))
    length = int(answer.headers["inference-header-content-length"])
    assert answer.content[length:] == b"\x03\0\0\0Joe"
    answer = ask("POST", INFER, json=infer(["Joe"], outputs=[{"name": "none"}]))
    assert answer.status_code == 400
    assert 'has no output "none"' in error(answer)


def test_a_token_is_asked_of_everything_but_the_probes():
    settings = ServerSettings(token="secret")
    for path in ("/v1/models/echo", "/v2/models", "/metrics", "/docs", "/openapi.json", "/nothing"):
        for headers in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": "secret"}):
            answer = ask("GET", path, settings=settings, headers=headers)
            assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")
            assert "Authorization: Bearer TOKEN" in error(answer)
        assert ask("GET", path, settings=settings, headers={"Authorization": "Bearer secret"}).status_code != 401
    assert ask("GET", "/v2/health/live", settings=settings).status_code == 200


def test_other_sites_get_no_permission():
    answer = ask("OPTIONS", PREDICT, headers={"Origin": "https://example.org", "Access-Control-Request-Method": "POST"})
    assert answer.status_code == 400
    assert not [name for name in answer.headers if name.startswith("access-control")]


def test_metrics_count_requests_and_rows_by_names_that_exist():
    async def ask_all():
        engine = EchoEngine()
        transport = httpx.ASGITransport(rest_app(engine, ServerSettings()))
        async with httpx.AsyncClient(transport=transport, base_url="http://server") as client:
            for _ in range(2):
                await client.post(PREDICT, json=ROWS)
            await client.post("/v1/models/made-up:predict", json=ROWS)
            await client.post(PREDICT, json={"signature_name": "made-up", **ROWS})
            await client.post(INFER, json=infer(["Joe"]))
            return (await client.get("/metrics")).text

    text = asyncio.run(ask_all())
    served = 'model="echo",protocol="{}",signature="serving_default",version="3"'
    assert f'ner_requests_total{{code="OK",{served.format("rest")}}} 2.0' in text
    assert f'ner_requests_total{{code="OK",{served.format("v2")}}} 1.0' in text
    assert 'ner_requests_total{code="NOT_FOUND",model="",protocol="rest",signature="",version=""} 1.0' in text
    assert 'ner_rows_total{model="echo",signature="serving_default",version="3"} 5.0' in text
    assert 'ner_request_seconds_count{model="echo",protocol="rest"} 3.0' in text
    assert 'ner_versions{model="echo",state="AVAILABLE"} 1.0' in text
    assert 'ner_label_version{label="champion",model="echo"} 3.0' in text
    assert "ner_pending_requests 0.0" in text
    assert 'ner_queue_requests{model="echo",signature="serving_default",version="3"} 2.0' in text
    assert "made-up" not in text


def test_the_documentation_lists_every_path_and_needs_no_other_server():
    paths = ask("GET", "/openapi.json").json()["paths"]
    assert {"/v1/models/{model}/labels/{label}:predict", "/v2/models/{model}/infer", "/metrics"} <= paths.keys()
    page = ask("GET", "/docs").text
    assert all(path in page for path in paths)
    assert not re.search(r"<script|src=|https?://", page)


def test_a_tagger_answers_like_behind_tensorflow_serving(tagger_folder):
    async def run():
        engine = Engine()
        await engine.update("ner", {1: tagger_folder, 2: tagger_folder}, {"champion": 1})
        transport = httpx.ASGITransport(rest_app(engine, ServerSettings()))
        async with httpx.AsyncClient(transport=transport, base_url="http://server") as client:
            rows = [{"key": "k1", "sentence": "Joe Biden went to Paris"}, {"key": {"b64": "azI="}, "sentence": ""}]
            answer = await client.post("/v1/models/ner:predict", json={"signature_name": "keyed", "instances": rows})
            metadata = await client.get("/v1/models/ner/labels/champion/metadata")
            refused = await client.post(
                "/v1/models/ner:predict", json={"signature_name": "serving_examples", "instances": ["no example"]}
            )
            v2 = await client.post(
                "/v2/models/ner/infer",
                json={"inputs": [{"name": "sentence", "shape": [1], "datatype": "BYTES", "data": ["Paris"]}]},
            )
            return answer, metadata.json(), refused, v2.json()

    answer, metadata, refused, v2 = asyncio.run(run())
    first, second = answer.json()["predictions"]
    assert (first["key"], second["key"]) == ("k1", "k2")
    assert first["tags"] == ["B-NAME", "I-NAME", "OUT", "OUT", "B-LOCATION"]
    assert metadata["model_spec"] == {"name": "ner", "signature_name": "", "version": "1"}
    signatures = metadata["metadata"]["signature_def"]["signature_def"]
    assert signatures["keyed"]["method_name"] == "tensorflow/serving/predict"
    key = signatures["keyed"]["inputs"]["key"]
    assert (key["dtype"], key["tensor_shape"]) == (
        "DT_STRING", {"dim": [{"size": "-1", "name": ""}], "unknown_rank": False}
    )  # fmt: skip
    assert "__saved_model_init_op" in signatures
    assert refused.status_code == 400
    assert "Could not parse example" in error(refused)
    outputs = {output["name"]: output for output in v2["outputs"]}
    assert (outputs["tags"]["data"], outputs["tags"]["shape"]) == (["B-LOCATION"], [1, 1])


def test_an_answer_that_rows_cannot_hold_is_refused_and_columns_hold_it():
    engine = EchoEngine()
    engine.outputs = {"tags": objects([b"O"], 1), "size": np.array(1)}
    answer = ask("POST", PREDICT, engine, json=ROWS)
    assert answer.status_code == 400
    assert "Tensor name: size has no shape information" in error(answer)
    answer = ask("POST", PREDICT, engine, json={"inputs": ["Joe"]})
    assert answer.json() == {"outputs": {"tags": ["O"], "size": 1}}


KEYS = [
    *("instances", "inputs", "outputs", "signature_name", "b64", "text", "number", "name", "shape", "datatype", "data"),
    *("parameters", "id", "timeout", "binary_data_size", "binary_data_output", "binary_data"),
]
LEAVES = [
    *(st.none(), st.booleans(), st.integers(-(2**70), 2**70), st.floats(), st.text(max_size=5)),
    st.sampled_from(["two", "text", "number", "BYTES", "INT64", "\ud800", [1], [0, 2**70], ["Joe"]]),
]
VALUES = st.recursive(
    st.one_of(LEAVES),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=4),
    max_leaves=12,
)
TENSORS = st.fixed_dictionaries(
    {"name": st.sampled_from(["text", "number"]), "shape": VALUES, "data": VALUES, "datatype": VALUES}
)
BODIES = [
    st.dictionaries(st.sampled_from(KEYS), VALUES, max_size=4),
    st.fixed_dictionaries({"inputs": st.lists(TENSORS, max_size=2), "id": VALUES, "parameters": VALUES}),
    st.fixed_dictionaries({"instances": st.lists(VALUES, max_size=3)}),
]


@functools.cache
def application():
    return rest_app(EchoEngine(), ServerSettings())


def status(method, path, body=b"", headers=()):
    """Sends a request without a client, which would repair it, and returns status and body of the answer."""
    scope = {
        "type": "http",
        "http_version": "1.1",
        "scheme": "http",
        "server": ("server", 80),
        "client": ("127.0.0.1", 1),
        "method": method,
        "path": path,
        "raw_path": None,
        "query_string": b"",
        "headers": list(headers),
    }
    sent = []

    async def receive():
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message):
        sent.append(message)

    asyncio.run(application()(scope, receive, send))
    return sent[0]["status"], sent[-1].get("body", b"")


@pytest.mark.extended
@settings(max_examples=300, deadline=None)
@given(
    path=st.sampled_from([PREDICT, INFER]),
    body=st.one_of(BODIES),
    cut=st.integers(0, 60),
    header=st.none() | st.integers(-1, 90).map(str) | st.text(max_size=3, alphabet="09x-"),
)
def test_no_body_is_an_error_of_the_server(path, body, cut, header):
    content = json.dumps(body).encode()
    headers = [] if header is None else [(b"inference-header-content-length", header.encode())]
    for sent in (content, content[:-cut] if cut else content + b"\0\xff"):
        code, answer = status("POST", path, sent, headers)
        assert code in (200, 400, 501), answer
        assert code == 200 or json.loads(answer)["error"]


@pytest.mark.extended
@settings(max_examples=200, deadline=None)
@given(path=st.text(max_size=30), method=st.sampled_from(["GET", "POST", "PUT", "DELETE", "HEAD"]))
def test_no_path_is_an_error_of_the_server(path, method):
    for prefix in ("/", "/v1/", "/v1/models/", "/v2/", "/v2/models/"):
        assert status(method, prefix + path)[0] < 500
