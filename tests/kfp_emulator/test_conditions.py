"""Conditions as TFX's compiler writes them."""

from __future__ import annotations

import pytest
from google.protobuf import json_format
from kfp.pipeline_spec import pipeline_spec_pb2 as spec_pb2
from support.kfp_emulator.conditions import holds
from support.kfp_emulator.emulator_error import TaskError

BLESSED = "inputs.artifacts['_Gate.blessing'].artifacts[0].metadata['blessed']"
NAME = "inputs.artifacts['_Gate.blessing'].artifacts[0].metadata['name']"


@pytest.fixture
def given():
    artifact = {"uri": "minio://b/x", "metadata": {"blessed": 1, "name": "it's && so"}}
    message = {"inputs": {"artifacts": {"_Gate.blessing": {"artifacts": [artifact]}}, "parameterValues": {"n": 2}}}
    return json_format.ParseDict(message, spec_pb2.ExecutorInput())


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        (f"({BLESSED} == 1.0)", True),
        (f"!(({BLESSED} == 1.0))", False),
        (f"({BLESSED} < 1.0)", False),
        (f"({BLESSED} > 0.5) && ({NAME} == 'it\\'s && so')", True),
        (f"(({BLESSED} == 0.0) || ({NAME} != 'other'))", True),
        (f"((({BLESSED} == 1.0) && !(({NAME} == 'a || b'))) || ({BLESSED} > 7.0))", True),
        ("(inputs.artifacts['_Gate.blessing'].artifacts[0].uri == ('minio://b' + '/x'))", True),
        ("(inputs.parameter_values['n'] >= 2.0)", True),
        ("true && !false", True),
    ],
)
def test_a_condition_is_evaluated_on_the_input(given, condition, expected):
    assert holds(condition, given) is expected


@pytest.mark.parametrize(
    ("condition", "found"),
    [
        (BLESSED, "return type is not bool"),
        (f"({BLESSED} == 'yes')", "no such overload"),
        ("(inputs.artifacts['other'].artifacts[0].uri == 'x')", "no such key: other"),
        ("(outputs.x == 1.0)", "no such key: outputs"),
        (f"({BLESSED} == ", "evaluation error"),
        ("__import__('os').system('true') == 0.0", "not something that TFX writes"),
        (f"({BLESSED} && true)", "no bool"),
    ],
)
def test_what_cannot_be_evaluated_fails_the_task(given, condition, found):
    with pytest.raises(TaskError) as failed:
        holds(condition, given)
    assert found in str(failed.value)
