"""Runs TFX's driver of file-based ExampleGens, which on Kubeflow nobody runs before the component."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from google.protobuf import json_format
from kfp.pipeline_spec import pipeline_spec_pb2 as spec_pb2

from pipeline.kubeflow.container.executor_input import MendedInput
from pipeline.kubeflow.container.property_kinds import KINDS_KEY


def needs_driver(executor_class: type, mended: MendedInput) -> bool:
    """Whether the component is an ExampleGen that leaves finding span and version of its files to a driver.

    One whose corpus is an input artifact, or whose splits are not named, finds them by itself.
    """
    from tfx.types import standard_component_specs as keys

    parameters = mended.message.inputs.parameter_values
    if keys.INPUT_BASE_KEY not in parameters or keys.INPUT_CONFIG_KEY not in parameters:
        return False
    from tfx.components.example_gen.base_example_gen_executor import BaseExampleGenExecutor  # seconds, seldom needed

    if not issubclass(executor_class, BaseExampleGenExecutor):
        return False
    return bool(json.loads(parameters[keys.INPUT_CONFIG_KEY].string_value or "{}").get("splits"))


def run_driver(mended: MendedInput) -> dict[str, Any]:
    """Finds span, version and fingerprint, and notes them on the input as Vertex AI does.

    Args:
        mended: the component's input; patterns in its parameters and metadata of its outputs are changed.

    Returns:
        Execution properties that the component's specification does not have: `span`, `input_fingerprint`, `version`.
    """
    from tfx.orchestration.kubeflow.v2.file_based_example_gen import driver

    message = mended.message
    driver.main(
        argparse.Namespace(
            json_serialized_invocation_args=json_format.MessageToJson(message),
            json_serialized_inputs_spec_args=json_format.MessageToJson(mended.inputs_spec),
        )
    )
    file = Path(message.outputs.output_file)
    found = json_format.Parse(file.read_text(encoding="utf-8"), spec_pb2.ExecutorOutput())
    file.unlink()  # it is the launcher's; the component's own takes its place
    for name, artifacts in found.artifacts.items():
        _note(artifacts.artifacts[0].metadata.fields, message.outputs.artifacts[name].artifacts[0].metadata.fields)
    extra: dict[str, Any] = {}
    for name, value in found.parameter_values.items():
        if name in mended.inputs_spec.parameters:
            message.inputs.parameter_values[name].CopyFrom(value)
        else:  # span and version come as floats
            extra[name] = int(value.number_value) if value.HasField("number_value") else value.string_value
    return extra


def _note(found: Any, fields: Any) -> None:
    """Adds what the driver notes on an artifact: texts, and numbers that are all integers."""
    for key, value in found.items():
        if value.WhichOneof("kind") not in (None, "null_value"):
            fields[key].CopyFrom(value)
    numbers = [key.removeprefix("custom:") for key, value in found.items() if value.HasField("number_value")]
    fields[KINDS_KEY].string_value = ",".join(numbers)
