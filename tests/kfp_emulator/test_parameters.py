from __future__ import annotations

import pytest
from google.protobuf import json_format
from kfp.pipeline_spec import pipeline_spec_pb2 as spec_pb2
from support.kfp_emulator.emulator_error import EmulatorError
from support.kfp_emulator.parameters import parse_parameter, run_parameters

SPECS = {
    "epochs": {"parameterType": "NUMBER_INTEGER", "defaultValue": 3, "isOptional": True},
    "rate": {"parameterType": "NUMBER_DOUBLE", "isOptional": True},
    "data": {"parameterType": "STRING"},
    "on": {"parameterType": "BOOLEAN", "defaultValue": False},
    "list": {"parameterType": "LIST", "isOptional": True},
}


@pytest.fixture
def inputs():
    return json_format.ParseDict({"parameters": SPECS}, spec_pb2.ComponentInputsSpec())


def test_defaults_fill_what_is_not_given(inputs):
    values = {name: json_format.MessageToDict(value) for name, value in run_parameters(inputs, {"data": "x"}).items()}
    assert values == {"epochs": 3.0, "rate": None, "data": "x", "on": False, "list": None}


@pytest.mark.parametrize(
    ("given", "found"),
    [
        ({}, "parameter data is not optional, yet has neither default value nor user provided value"),
        ({"data": "x", "colour": "b"}, "parameter(s) provided are not required by pipeline: colour"),
        ({"data": 3}, "input parameter data requires type string, but the parameter value is not of string value type"),
        ({"data": "x", "epochs": "3"}, "input parameter epochs requires type double or integer, but"),
        ({"data": "x", "on": 1}, "input parameter on requires type bool, but"),
    ],
)
def test_row_7_what_the_api_server_refuses_is_refused_in_its_words(inputs, given, found):
    with pytest.raises(EmulatorError) as refused:
        run_parameters(inputs, given)
    assert str(refused.value).startswith(found)


def test_texts_of_a_command_line_are_read_by_type(inputs):
    assert parse_parameter(inputs, "data", "7") == "7"
    assert parse_parameter(inputs, "epochs", "7") == 7
    assert parse_parameter(inputs, "list", '["a"]') == ["a"]
    assert parse_parameter(inputs, "unknown", "[") == "["
    with pytest.raises(EmulatorError, match="parameter epochs: 'x' is no double or integer"):
        parse_parameter(inputs, "epochs", "x")
