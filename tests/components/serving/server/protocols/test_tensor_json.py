"""TensorFlow Serving's JSON; among the cases are those of its json_tensor_test.cc."""

from __future__ import annotations

import contextlib
import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.echo_engine import NUMBERS, infos, same
from support.tensors import TEXTS, arrays, objects

from components.serving.server.errors import InvalidArgumentError, UnimplementedError
from components.serving.server.joining import Joined
from components.serving.server.protocols.tensor_json import decode, encode, error_body, parse, signature_name


def decoded(body, **dtypes):
    return decode(parse(body if isinstance(body, bytes) else body.encode()), infos(**dtypes))


def refused(body, error=InvalidArgumentError, **dtypes):
    with pytest.raises(error) as raised:
        decoded(body, **dtypes)
    return str(raised.value)


@pytest.mark.parametrize(
    ("body", "dtypes", "expected"),
    [
        ('{"instances": [[1,2],[3,4],[5,6]]}', {"x": "int32"}, {"x": np.array([[1, 2], [3, 4], [5, 6]], np.int32)}),
        ('{"instances": [1, 2.0, 5.003]}', {"x": "float32"}, {"x": np.array([1, 2, 5.003], np.float32)}),
        ('{"instances": [1435774380]}', {"x": "float32"}, {"x": np.array([1435774380], np.float32)}),
        ('{"instances": [1e300, -1e300, 1e-300]}', {"x": "float32"}, {"x": np.array([np.inf, -np.inf, 0], np.float32)}),
        ('{"inputs": [NaN, -Infinity]}', {"x": "float64"}, {"x": np.array([np.nan, -np.inf])}),
        ('{"inputs": 7}', {"x": "int64"}, {"x": np.array(7)}),
        ('{"inputs": {"b64": "/w=="}}', {"x": "string"}, {"x": objects([b"\xff"], ())}),
        (
            '{"inputs": ["é", {"b64": "_w"}]}'.replace("_", "/"),
            {"x": "string"},
            {"x": objects(["é".encode(), b"\xff"], 2)},
        ),
        ('{"instances": []}'.replace("[]", "[[]]"), {"x": "string"}, {"x": objects([], (1, 0))}),
        (
            '{"instances": [{"x": "a", "n": [1]}, {"n": [2], "x": {"b64": ""}}]}',
            {"x": "string", "n": "int64"},
            {"x": objects([b"a", b""], 2), "n": np.array([[1], [2]])},
        ),
        ('{"inputs": {"x": ["a:b"], "other": 1}, "z": {"y": [{}]}}', {"x": "string"}, {"x": objects([b"a:b"], 1)}),
    ],
)
def test_values_become_tensors_of_the_signatures_dtype(body, dtypes, expected):
    inputs, row = decoded(body, **dtypes)
    assert same(inputs, expected)
    assert row == ("instances" in body)


REFUSED = [
    ("", {"x": "int32"}, "JSON Parse error: The document is empty"),
    ("instances = [1, 2]", {"x": "int32"}, "JSON Parse error: Invalid value"),
    ('{"instances": [1', {"x": "int32"}, "JSON Parse error"),
    ('{"instances": [1]} {}', {"x": "int32"}, "JSON Parse error"),
    ("[1]", {"x": "int32"}, "Is not object"),
    ('{"instances": [1], "inputs": [1]}', {"x": "int32"}, "Not formatted correctly expecting only one of"),
    ('{"instances": 1}', {"x": "int32"}, "Expecting 'instances' to be an list/array"),
    ('{"instances": []}', {"x": "int32"}, "No values in 'instances' array"),
    ('{"signature_name": "a"}', {"x": "int32"}, "Missing 'inputs' or 'instances' key"),
    ('{"instances": [[1,2],[3,4],[5,6,7]]}', {"x": "int32"}, "Expecting tensor size: 2 but got: 3"),
    ('{"instances": [[1,2],[3,4],[[5,6]]]}', {"x": "int32"}, "Expecting shape [2] but got: [1,2]"),
    ('{"instances": [1, [1]]}', {"x": "int32"}, "Expecting shape [] but got: [1]"),
    ('{"instances": [[1,2],["a","b"]]}', {"x": "int32"}, "Type: String is not of expected type: int32"),
    ('{"instances": [[1, [2]]]}', {"x": "int32"}, "Encountered list at unexpected level: 1 expected < 1"),
    ('{"inputs": [[1], 2]}', {"x": "int32"}, "found at incorrect level: 2 in the JSON DOM. Expected at level: 2"),
    ('{"inputs": [[1], [1, 2]]}', {"x": "int32"}, "Encountered list at unexpected size: 2 at level: 1"),
    ('{"inputs": [1.5]}', {"x": "int32"}, "Type: Number is not of expected type: int32"),
    ('{"inputs": [true]}', {"x": "int64"}, "Type: True is not of expected type: int64"),
    ('{"inputs": [1]}', {"x": "bool"}, "is not of expected type: bool"),
    ('{"inputs": [null]}', {"x": "string"}, "Type: Null is not of expected type: string"),
    ('{"inputs": [128]}', {"x": "int8"}, "is not of expected type: int8"),
    ('{"inputs": [-1]}', {"x": "uint64"}, "is not of expected type: uint64"),
    ('{"inputs": [9223372036854775808]}', {"x": "int64"}, "is not of expected type: int64"),
    ('{"inputs": ["x"]}', {"x": "float64"}, "is not of expected type: double"),
    ('{"inputs": [{"b64": "?"}]}', {"x": "string"}, "Unable to base64 decode"),
    ('{"inputs": ["a", {"b64": "aaaaa"}]}', {"x": "string"}, "Unable to base64 decode"),
    ('{"inputs": [{"b64": 1}]}', {"x": "string"}, "not formatted correctly for base64 data"),
    ('{"inputs": [1e400]}', {"x": "float32"}, "Number too big to be stored in double"),
    (f'{{"inputs": [{"9" * 5000}]}}', {"x": "float32"}, "Number too big to be stored in double"),
    (f'{{"inputs": [{"9" * 30}]}}', {"x": "int64"}, "is not of expected type: int64"),
    ('{"inputs": ["\\ud800"]}', {"x": "string"}, "surrogate"),
    ('{"inputs": ["a"], "id": "\\uDFFF"}', {"x": "string"}, "surrogate"),
    (b'{"inputs": ["\xff"]}', {"x": "string"}, "Invalid encoding in string. at offset: 13"),
    ('{"inputs": [1], "inputs": [2]}', {"x": "int32"}, 'the key "inputs" occurs twice'),
    ('{"instances": [{"x": 1, "x": 2}]}', {"x": "int32"}, 'the key "x" occurs twice'),
    ('{"instances": [1, {"x": 1, "x": 2}]}', {"x": "int32"}, 'the key "x" occurs twice'),
    ('{"inputs": {"x": [{"b64": "", "b64": ""}]}}', {"x": "string"}, 'the key "b64" occurs twice'),
    (f'{{"inputs": {"[" * 100_000}{"]" * 100_000}}}', {"x": "int32"}, "nested too deeply"),
    (f'{{"inputs": {"[" * 200}1{"]" * 200}}}', {"x": "int32"}, "a tensor with 200 dimensions cannot be built"),
    ('{"inputs": [1]}', {"x": "int32", "y": "int32"}, "inputs is a plain value/list, but expecting an object"),
    ('{"inputs": {"x": [1]}}', {"x": "int32", "y": "int32"}, "Missing named input: y in 'inputs' object."),
    (
        '{"instances": [1]}',
        {"x": "int32", "y": "int32"},
        "instances is a plain list, but expecting list of objects",
    ),
    ('{"instances": [{"x": 1}]}', {"x": "int32", "y": "int32"}, "keys must be equal to: x,y"),
    ('{"instances": [{"z": 1}]}', {"x": "int32"}, "JSON object: does not have named input: z"),
    ('{"instances": [{"x": 1}, [1]]}', {"x": "int32"}, "Expecting object but got list at item 1 of input list"),
    ('{"instances": [["a"], {"x": "a"}]}', {"x": "string"}, "Expecting value/list but got object at item 1"),
]


@pytest.mark.parametrize(("body", "dtypes", "text"), REFUSED, ids=[text for *_, text in REFUSED])
def test_a_body_that_does_not_fit_is_refused_with_tensorflow_servings_words(body, dtypes, text):
    assert text in refused(body, **dtypes)


def test_an_error_names_the_row_and_the_input():
    text = refused('{"instances": [{"a": 1, "b": "x"}, {"a": 1.5, "b": "y"}]}', a="int64", b="string")
    assert text.startswith("Failed to process element: 1 key: a of 'instances' list. Error: INVALID_ARGUMENT: ")


def test_an_error_quotes_at_most_256_bytes_of_a_request():
    assert len(refused(f'{{"inputs": ["{"é" * 10_000}"]}}', x="int64")) < 400
    assert len(refused(f'{{"instances": 1, "z": [{"[1]," * 10_000}1]}}', x="int64")) < 400


def test_a_dtype_without_a_form_in_json_is_unimplemented():
    assert "to type: half" in refused('{"inputs": [1]}', UnimplementedError, x="float16")
    with pytest.raises(InvalidArgumentError, match="Failed to write JSON value for tensor type: half"):
        encode({"x": np.zeros(1, np.float16)}, row=True)


def test_the_signature_is_read_and_must_be_a_string():
    assert signature_name(parse(b'{"signature_name": "keyed"}')) == "keyed"
    assert signature_name(parse(b"{}")) == ""
    with pytest.raises(InvalidArgumentError, match="'signature_name' key must be a string value"):
        signature_name(parse(b'{"signature_name": 5}'))


ROWS = """{
    "predictions": [
        {
            "scores": [9e+06, 999999.0, 0.5],
            "x_bytes": {
                "b64": "/w=="
            },
            "n": 1
        },
        {
            "scores": [0.0003, 3e-05, 0.934567869],
            "x_bytes": {
                "b64": ""
            },
            "n": -2
        }
    ]
}"""
COLUMNS = """{
    "outputs": {
        "a": [
            [
                true,
                false
            ]
        ],
        "t": [
            "é\\"\\n"
        ],
        "s": 2.5
    }
}"""


def test_answers_have_tensorflow_servings_layout():
    scores = np.array([[9000000, 999999, 0.5], [0.0003, 0.00003, 0.93456789]], np.float32)
    outputs = {"scores": scores, "x_bytes": objects([b"\xff", b""], 2), "n": np.array([1, -2])}
    assert encode(outputs, row=True).decode() == ROWS
    outputs = {"a": np.array([[True, False]]), "t": objects(['é"\n'.encode()], 1), "s": np.array(2.5)}
    assert encode(outputs, row=False).decode() == COLUMNS
    one = {"x": np.array([[1, np.nan], [np.inf, -np.inf]], np.float32)}
    assert encode(one, row=True) == b'{\n    "predictions": [[1.0, NaN], [Infinity, -Infinity]\n    ]\n}'
    assert json.loads(encode({"x": np.zeros((2, 0, 3))}, row=True)) == {"predictions": [[], []]}
    assert json.loads(encode({"x": np.zeros((2, 0, 3))}, row=False)) == {"outputs": [[], []]}
    assert json.loads(encode({"x": np.zeros((0, 2)), "y": objects([], 0)}, row=True)) == {"predictions": []}
    assert error_body('a "b"\n') == b'{\n    "error": "a \\"b\\"\\n"\n}'


@pytest.mark.parametrize("names", [("tags", "scores", "n"), ("tags",)])
@pytest.mark.parametrize("text", [b"B", b"\xff"])
def test_joined_answers_are_written_like_lone_ones_and_one_without_a_text_does_not_fail_the_others(names, text):
    tags = objects([b"A", b"-", text, b"B", b"C", b"D"], (3, 2))
    outputs = {"tags": tags, "scores": np.arange(6, dtype=np.float32).reshape(3, 2), "n": np.array([1, 2, 3])}
    outputs = {name: outputs[name] for name in names}
    parts = Joined(outputs, [1, 2, 3], dict.fromkeys(("tags", "scores"), np.array([1, 2, 2]))).parts()
    for row, width in ((0, 1), (2, 2)):
        alone = {
            name: value[row : row + 1, :width] if value.ndim > 1 else value[[row]] for name, value in outputs.items()
        }
        assert same(alone, parts[row])
        assert encode(parts[row], row=True) == encode(alone, row=True)
    with pytest.raises(InvalidArgumentError, match="is not UTF-8") if text == b"\xff" else contextlib.nullcontext():
        encode(parts[1], row=True)


@pytest.mark.parametrize(
    ("outputs", "text"),
    [
        ({}, "Cannot convert empty tensor map to JSON"),
        ({"x": np.array(1)}, "Tensor name: x has no shape information"),
        ({"x": np.zeros(2), "y": np.zeros(1)}, "Tensor name: y has inconsistent batch size: 1 expecting: 2"),
        ({"x": objects([b"\xff"], 1)}, "is not UTF-8, which JSON needs. Use gRPC"),
    ],
)
def test_an_answer_that_the_row_form_cannot_hold_is_refused(outputs, text):
    with pytest.raises(InvalidArgumentError, match=text):
        encode(outputs, row=True)


@pytest.mark.parametrize("row", [True, False])
@settings(max_examples=50, deadline=None)
@given(data=st.data())
def test_every_tensor_survives_a_round_trip_in_both_forms(row, data):
    rows = data.draw(st.integers(1, 3))
    dtypes = data.draw(st.lists(st.sampled_from(sorted(NUMBERS)), min_size=1, max_size=4))
    named = {f"{dtype}_{index}": dtype for index, dtype in enumerate(dtypes)}
    if data.draw(st.booleans()):
        named["x_bytes"] = "string"
    outputs = {
        name: data.draw(arrays(dtype, rows, st.binary(max_size=9) if name == "x_bytes" else TEXTS))
        for name, dtype in named.items()
    }
    answer = encode(outputs, row)  # is a request with another key
    body = answer.replace(b'"predictions"', b'"instances"', 1).replace(b'"outputs"', b'"inputs"', 1)
    inputs, form = decoded(body, **named)
    assert form == row
    assert same(inputs, outputs)


@given(st.floats(width=32))
def test_a_float_is_written_like_tensorflow_serving_writes_it(value):
    text = json.loads(encode({"x": np.array([value], np.float32)}, row=True), parse_float=str, parse_constant=str)
    written = text["predictions"][0]
    if np.isfinite(value):
        assert np.float32(written) == np.float32(value)
        digits = written.lstrip("-").split("e")[0].replace(".", "").strip("0")
        assert len(digits) <= 9
        assert "." in written or "e" in written
    else:
        assert written == ("NaN" if np.isnan(value) else "Infinity" if value > 0 else "-Infinity")


@given(st.binary(max_size=60))
def test_no_body_causes_another_error_than_a_refusal(body):
    for whole in (body, b'{"instances": [' + body + b"]}", b'{"inputs": ' + body + b"}"):
        with contextlib.suppress(InvalidArgumentError):
            decoded(whole, x="string", n="int64")
