"""The ExecutorInput of Kubeflow's launcher in a form that TFX can read."""

from __future__ import annotations

import dataclasses
import re
import uuid
from typing import Any

from google.protobuf import json_format
from kfp.pipeline_spec import pipeline_spec_pb2 as spec_pb2

from pipeline.kubeflow.container.mirror import to_path

SYSTEM_TYPES = "system."
"""Prefix of Kubeflow's own artifact types; TFX can import none of them."""

# Entries that the launcher adds for the user interface and its object store client.
_KFP_ENTRIES = ("display_name", "store_session_info")
_KFP_PREFIX = "_kfp_"
# Kubeflow's metadata store wraps lists and structs into a struct of one field.
_WRAPPERS = ("list", "struct")


@dataclasses.dataclass(frozen=True)
class TaskInput:
    """Input of a component.

    Attributes:
        message: inputs with their types; paths instead of URIs; outputs of TFX's types only.
        inputs_spec: the component's inputs as compiled.
        extra_outputs: outputs of Kubeflow's types (`executor-logs`, the user interface's) by name, with paths as URIs.
        node: name of the component, for messages.
        run_id: ID of the run; empty if unknown.
    """

    message: spec_pb2.ExecutorInput
    inputs_spec: spec_pb2.ComponentInputsSpec
    extra_outputs: dict[str, spec_pb2.RuntimeArtifact]
    node: str
    run_id: str = ""


def read_input(invocation: str, inputs_spec: str = "", executor_class_path: str = "") -> TaskInput:
    """Reads the arguments of a TFX component on Kubeflow Pipelines.

    It restores artifact types, replaces URIs of object stores by paths, and removes outputs of Kubeflow's types,
    parameters without a value, and metadata that Kubeflow adds or wraps.

    Args:
        invocation: JSON of `ExecutorInput`.
        inputs_spec: JSON of `ComponentInputsSpec`.
        executor_class_path: names the component if the outputs' URIs do not.
    """
    # Newer servers may send fields that our protos do not know.
    message = json_format.Parse(invocation, spec_pb2.ExecutorInput(), ignore_unknown_fields=True)
    spec = json_format.Parse(inputs_spec or "{}", spec_pb2.ComponentInputsSpec(), ignore_unknown_fields=True)
    node, run_id = node_and_run(message, executor_class_path)
    for name, artifacts in message.inputs.artifacts.items():
        for artifact in artifacts.artifacts:
            if name in spec.artifacts:
                artifact.type.CopyFrom(spec.artifacts[name].artifact_type)
            artifact.uri = to_path(artifact.uri)
            _clean_metadata(artifact)
    values = message.inputs.parameter_values
    for name, value in list(values.items()):
        of_condition = bool(spec.parameters) and name not in spec.parameters  # added after TFX's compilation
        if of_condition or value.WhichOneof("kind") in (None, "null_value"):
            del values[name]
    for artifacts in message.outputs.artifacts.values():
        for artifact in artifacts.artifacts:
            artifact.uri = to_path(artifact.uri)
    message.outputs.output_file = to_path(message.outputs.output_file)
    return TaskInput(message, spec, _take_extra_outputs(message), node, run_id)


def _clean_metadata(artifact: Any) -> None:
    fields = artifact.metadata.fields
    for name in list(fields):
        if name in _KFP_ENTRIES or name.startswith(_KFP_PREFIX):
            del fields[name]
            continue
        inner = fields[name].struct_value.fields if fields[name].HasField("struct_value") else {}
        if len(inner) == 1 and next(iter(inner)) in _WRAPPERS:
            [(wrapper, value)] = inner.items()
            if value.HasField(f"{wrapper}_value"):
                copy = type(value)()
                copy.CopyFrom(value)
                fields[name].CopyFrom(copy)


def _take_extra_outputs(message: Any) -> dict[str, spec_pb2.RuntimeArtifact]:
    extra = {}
    for name in list(message.outputs.artifacts):
        artifacts = message.outputs.artifacts[name].artifacts
        if artifacts and _title(artifacts[0]).startswith(SYSTEM_TYPES):
            extra[name] = spec_pb2.RuntimeArtifact()
            extra[name].CopyFrom(artifacts[0])
            del message.outputs.artifacts[name]
    return extra


def _title(artifact: Any) -> str:
    if artifact.type.schema_title:
        return str(artifact.type.schema_title)
    # A server may also send Kubeflow's own types as a YAML schema.
    match = re.search(r"^title:\s*(\S+)", artifact.type.instance_schema, re.MULTILINE)
    return match[1] if match else ""


def node_and_run(message: Any, executor_class_path: str) -> tuple[str, str]:
    """Returns the names of node and run, which only the outputs' URIs contain.

    Args:
        message: the `ExecutorInput`.
        executor_class_path: names the node if the URIs do not.
    """
    for name, artifacts in message.outputs.artifacts.items():
        for artifact in artifacts.artifacts:
            run, node, execution, key = ["", "", "", *artifact.uri.split("/")][-4:]
            if key == name and _is_uuid(execution):  # Kubeflow: .../<run>/<node>/<uuid>/<output>
                return node, run if _is_uuid(run) else ""
            on_vertex = re.fullmatch(r"(.+)_-?\d+", execution)  # Vertex AI: .../<run>/<node>_<number>/<output>
            if key == name and on_vertex:
                return on_vertex[1], node
    parts = executor_class_path.split(".")
    return (parts[-3] if len(parts) > 2 else executor_class_path), ""


def _is_uuid(text: str) -> bool:
    try:
        uuid.UUID(text)
    except ValueError:
        return False
    return True
