"""Parameters of a run, checked and completed as the API server of Kubeflow Pipelines does."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from google.protobuf import json_format, struct_pb2
from kfp.pipeline_spec import pipeline_spec_pb2 as spec_pb2

from support.kfp_emulator.emulator_error import EmulatorError

_TYPE = spec_pb2.ParameterType
# Type -> (kind of the value, how Kubeflow names the two in its error)
_KINDS = {
    _TYPE.NUMBER_DOUBLE: ("number_value", "double or integer", "number"),
    _TYPE.NUMBER_INTEGER: ("number_value", "double or integer", "number"),
    _TYPE.STRING: ("string_value", "string", "string"),
    _TYPE.BOOLEAN: ("bool_value", "bool", "bool"),
    _TYPE.LIST: ("list_value", "list", "list"),
    _TYPE.STRUCT: ("struct_value", "struct", "struct"),
}


def run_parameters(inputs: spec_pb2.ComponentInputsSpec, given: Mapping[str, Any]) -> dict[str, struct_pb2.Value]:
    """Returns all parameters of a run; numbers become floats, as in all that Kubeflow keeps.

    Args:
        inputs: what the pipeline takes.
        given: values by name; None is Kubeflow's null.

    Raises:
        EmulatorError: a parameter is missing, unknown or of another type; the text is Kubeflow's.
    """
    unknown = sorted(set(given) - set(inputs.parameters))
    if unknown:
        raise EmulatorError(f"parameter(s) provided are not required by pipeline: {', '.join(unknown)}")
    values = {}
    for name, parameter in inputs.parameters.items():
        if name in given:
            values[name] = json_format.ParseDict(given[name], struct_pb2.Value())
            _check(name, parameter.parameter_type, values[name])
        elif parameter.HasField("default_value"):
            values[name] = parameter.default_value
        elif parameter.is_optional:
            values[name] = struct_pb2.Value(null_value=struct_pb2.NULL_VALUE)
        else:
            raise EmulatorError(
                f"parameter {name} is not optional, yet has neither default value nor user provided value"
            )
    return values


def parse_parameter(inputs: spec_pb2.ComponentInputsSpec, name: str, text: str) -> Any:
    """Reads a parameter from a command line: texts as they are, everything else as JSON.

    Raises:
        EmulatorError: the text is not of the parameter's type.
    """
    if name not in inputs.parameters or inputs.parameters[name].parameter_type == _TYPE.STRING:
        return text
    try:
        return json.loads(text)
    except ValueError as error:
        wanted = _KINDS[inputs.parameters[name].parameter_type][1]
        raise EmulatorError(f"parameter {name}: {text!r} is no {wanted}. Write it as in JSON.") from error


def _check(name: str, kind: int, value: struct_pb2.Value) -> None:
    if kind not in _KINDS:
        raise EmulatorError(f"input parameter {name} has unspecified type")
    field, wanted, found = _KINDS[kind]
    if not value.HasField(field):
        raise EmulatorError(
            f"input parameter {name} requires type {wanted}, but the parameter value is not of {found} value type"
        )
