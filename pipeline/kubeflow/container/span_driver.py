"""TFX's driver of file-based ExampleGens, which Kubeflow does not run before the component."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from google.protobuf import json_format
from kfp.pipeline_spec import pipeline_spec_pb2 as spec_pb2

from pipeline.kubeflow.container.executor_input import TaskInput
from pipeline.kubeflow.container.property_kinds import KINDS_KEY


def needs_driver(executor_class: type, task: TaskInput) -> bool:
    """Returns whether the component is an ExampleGen that needs the driver to find the span and version of its files.

    One with a corpus artifact or without named splits finds them itself.
    """
    from tfx.types import standard_component_specs as keys

    parameters = task.message.inputs.parameter_values
    if keys.INPUT_BASE_KEY not in parameters or keys.INPUT_CONFIG_KEY not in parameters:
        return False
    from tfx.components.example_gen.base_example_gen_executor import BaseExampleGenExecutor  # takes seconds

    if not issubclass(executor_class, BaseExampleGenExecutor):
        return False
    return bool(json.loads(parameters[keys.INPUT_CONFIG_KEY].string_value or "{}").get("splits"))


def run_driver(task: TaskInput) -> dict[str, Any]:
    """Finds span, version and fingerprint, and adds them to the input as Vertex AI does.

    Args:
        task: the component's input; patterns in its parameters and metadata of its outputs are changed.

    Returns:
        Execution properties that the component's specification lacks: `span`, `input_fingerprint`, `version`.
    """
    from tfx.orchestration.kubeflow.v2.file_based_example_gen import driver

    message = task.message
    driver.main(
        argparse.Namespace(
            json_serialized_invocation_args=json_format.MessageToJson(message),
            json_serialized_inputs_spec_args=json_format.MessageToJson(task.inputs_spec),
        )
    )
    file = Path(message.outputs.output_file)
    result = json_format.Parse(file.read_text(encoding="utf-8"), spec_pb2.ExecutorOutput())
    file.unlink()  # the component writes its own
    for name, artifacts in result.artifacts.items():
        _add_metadata(artifacts.artifacts[0].metadata.fields, message.outputs.artifacts[name].artifacts[0])
    extra: dict[str, Any] = {}
    for name, value in result.parameter_values.items():
        if name in task.inputs_spec.parameters:
            message.inputs.parameter_values[name].CopyFrom(value)
        else:  # span and version are floats in the message
            extra[name] = int(value.number_value) if value.HasField("number_value") else value.string_value
    return extra


def _add_metadata(fields: Any, artifact: Any) -> None:
    """Adds the driver's metadata to an artifact: strings, and numbers that are all integers."""
    for key, value in fields.items():
        if value.WhichOneof("kind") not in (None, "null_value"):
            artifact.metadata.fields[key].CopyFrom(value)
    numbers = [key.removeprefix("custom:") for key, value in fields.items() if value.HasField("number_value")]
    artifact.metadata.fields[KINDS_KEY].string_value = ",".join(numbers)
