"""KServe's Open Inference Protocol, as JSON and as binary data."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.echo_engine import NUMBERS, infos, same
from support.tensors import TEXTS, arrays, objects

from components.exporter.validator.probe.saved_graph import TensorInfo
from components.serving.server.engine import PredictAnswer, ServedVersion
from components.serving.server.errors import InvalidArgumentError, UnimplementedError
from components.serving.server.loaded_version import ServedSignature
from components.serving.server.protocols.open_inference import encode, inputs, metadata, parse_request

JSON_DTYPES = sorted(NUMBERS)


def tensor(**changes):
    return {"name": "x", "shape": [1], "datatype": "INT64", "data": [1]} | changes


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_every_tensor_survives_a_round_trip_in_both_forms(data):
    binary = data.draw(st.booleans())
    dtypes = data.draw(st.lists(st.sampled_from([*JSON_DTYPES, *(["float16"] if binary else [])]), max_size=4))
    named = {f"x{index}": dtype for index, dtype in enumerate(dtypes)}
    texts = st.binary(max_size=9) if binary else TEXTS
    arrays_of = {name: data.draw(arrays(dtype, data.draw(st.integers(0, 3)), texts)) for name, dtype in named.items()}
    parameters = {"binary_data_output": binary}
    request = parse_request(json.dumps({"id": "7", "inputs": [], "parameters": parameters}).encode(), None)
    body, length = encode("ner", request, PredictAnswer(3, "keyed", arrays_of))
    document = json.loads(body[:length])
    assert (document["model_name"], document["model_version"], document["id"]) == ("ner", "3", "7")
    # The answer, with `outputs` renamed, is a request.
    header = json.dumps({"inputs": document["outputs"]}).encode()
    tail = b"" if length is None else body[length:]
    again = parse_request(header + tail, str(len(header)) if tail else None)
    assert same(inputs(again, infos(**named)), arrays_of)


def test_numbers_that_json_does_not_have_are_written_by_name():
    values = np.array([np.nan, np.inf, -np.inf, 0.1], np.float32)
    request = parse_request(b'{"inputs": []}', None)
    body, _ = encode("ner", request, PredictAnswer(3, "keyed", {"x": values}))
    assert b'"data":[NaN,Infinity,-Infinity,0.1]' in body
    with pytest.raises(InvalidArgumentError, match="Request it as binary data"):
        encode("ner", request, PredictAnswer(3, "keyed", {"x": objects([b"\xff"], 1)}))


def test_metadata_tell_a_single_value_from_any_shape():
    shapes = {"one": (), "rows": (None, 2), "any": None}
    tensors = {name: TensorInfo(f"{name}:0", NUMBERS["float32"], shape) for name, shape in shapes.items()}
    served = ServedVersion("ner", 1, (), {"serving_default": ServedSignature(tensors, {})}, None, definitions={})
    described = metadata(served, [1], "serving_default")["inputs"]
    assert {each["name"]: each["shape"] for each in described} == {"one": [], "rows": [-1, 2], "any": [-1]}


def test_nested_and_flat_data_are_the_same_tensor():
    for values in ([1, 2, 3, 4], [[1, 2], [3, 4]]):
        body = json.dumps({"inputs": [tensor(shape=[2, 2], data=values)]}).encode()
        assert inputs(parse_request(body, None), infos(x="int64"))["x"].tolist() == [[1, 2], [3, 4]]


def test_parameters_choose_the_signature_the_deadline_and_the_outputs():
    body = {
        "inputs": [],
        "parameters": {"signature_name": "keyed", "timeout": 250_000},
        "outputs": [{"name": "tags"}, {"name": "scores", "parameters": {"binary_data": True}}],
    }
    request = parse_request(json.dumps(body).encode(), None)
    assert (request.signature, request.timeout) == ("keyed", 0.25)
    assert request.outputs == {"tags": False, "scores": True}


REFUSED = [
    ({}, "inputs: expected a list of tensors, got null"),
    ({"inputs": [1]}, "inputs: expected objects with a name"),
    ({"inputs": []}, "inputs: x is missing. Send x."),
    ({"inputs": [tensor(name="y")]}, '"y" is not an input of the signature'),
    ({"inputs": [tensor(), tensor()]}, '"x" occurs twice'),
    ({"inputs": [tensor(datatype="FP32")]}, 'expected datatype INT64, got "FP32"'),
    ({"inputs": [tensor(shape=None)]}, "expected a shape of sizes from 0, got null"),
    ({"inputs": [tensor(shape=[-1])]}, "expected a shape of sizes from 0"),
    ({"inputs": [tensor(shape=[True])]}, "expected a shape of sizes from 0"),
    ({"inputs": [tensor(shape=[2])]}, "data of shape [1] does not fit the shape [2]"),
    ({"inputs": [tensor(shape=[1, 4], data=[[1, 2], [3, 4]])]}, "data of shape [2, 2] does not fit the shape [1, 4]"),
    ({"inputs": [tensor(shape=[0] + [1] * 99, data=[])]}, "cannot be built"),
    ({"inputs": [tensor(data=["a"])]}, "input x: JSON Value: "),
    ({"inputs": [tensor(data=1)]}, "expected a list as data"),
    ({"inputs": [tensor(parameters=[])]}, "parameters of input x: expected an object"),
    (
        {"inputs": [{**tensor(), "parameters": {"binary_data_size": 8}}]},
        "input x: has both data and binary_data_size. Send one of them.",
    ),
    (
        {"inputs": [{"name": "x", "shape": [1], "datatype": "INT64", "parameters": {"binary_data_size": 8}}]},
        "binary_data_size is 8, but 0 bytes are left",
    ),
    ({"inputs": [tensor()], "id": 1}, "id: expected a string"),
    ({"inputs": [tensor()], "parameters": {"timeout": 0}}, "parameters.timeout: expected microseconds above 0"),
    ({"inputs": [tensor()], "parameters": {"signature_name": 1}}, "parameters.signature_name: expected a string"),
    ({"inputs": [tensor()], "parameters": {"timeout": "9"}}, "parameters.timeout: expected microseconds above 0"),
    ({"inputs": [tensor()], "outputs": {}}, "outputs: expected a list"),
    ({"inputs": [tensor()], "outputs": [{"name": "y"}] * 2}, 'outputs: "y" occurs twice'),
    *(
        (
            {"inputs": [tensor()], "parameters": {"binary_data_output": value}, "outputs": [{"name": "y"}]},
            f"parameters.binary_data_output of the request: expected true or false, got {json.dumps(value)}.",
        )
        for value in ("yes", 1, None)
    ),
    (
        {"inputs": [tensor()], "outputs": [{"name": "y", "parameters": {"binary_data": "false"}}]},
        'parameters.binary_data of output y: expected true or false, got "false".',
    ),
]


@pytest.mark.parametrize(("document", "text"), REFUSED, ids=[text for _, text in REFUSED])
def test_a_request_that_does_not_follow_the_protocol_is_refused(document, text):
    with pytest.raises(InvalidArgumentError) as raised:
        inputs(parse_request(json.dumps(document).encode(), None), infos(x="int64"))
    assert text in str(raised.value)


@pytest.mark.parametrize(
    ("dtype", "datatype", "data", "text"),
    [
        ("int64", "INT64", b"1234567", "7 bytes of binary data, but the shape [1] needs 8"),
        ("string", "BYTES", b"\x05\0\0\0a", "the binary data ends within an element"),
        ("string", "BYTES", b"\0\0\0\0\0\0\0\0", "2 elements, but the shape [1] needs 1"),
    ],
)
def test_binary_data_that_do_not_fit_are_refused(dtype, datatype, data, text):
    entry = {"name": "x", "shape": [1], "datatype": datatype, "parameters": {"binary_data_size": len(data)}}
    header = json.dumps({"inputs": [entry]}).encode()
    with pytest.raises(InvalidArgumentError) as raised:
        inputs(parse_request(header + data, str(len(header))), infos(x=dtype))
    assert text in str(raised.value)


@pytest.mark.parametrize("length", ["x", "-1", "9" * 5000, "99999"])
def test_a_wrong_length_of_the_json_is_refused(length):
    with pytest.raises(InvalidArgumentError, match="Inference-Header-Content-Length"):
        parse_request(b"{}", length)


def test_binary_data_of_no_input_are_refused():
    header = json.dumps({"inputs": [tensor()]}).encode()
    with pytest.raises(InvalidArgumentError, match="3 bytes of binary data belong to no input"):
        inputs(parse_request(header + b"abc", str(len(header))), infos(x="int64"))


def test_the_extension_for_classification_is_not_offered():
    with pytest.raises(UnimplementedError, match="classification is not supported"):
        parse_request(b'{"inputs": [], "outputs": [{"name": "x", "parameters": {"classification": 2}}]}', None)
