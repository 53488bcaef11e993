"""Reads what Kubeflow's launcher tells a component, and mends what TFX could not read."""

from __future__ import annotations

import dataclasses
import re
import uuid
from typing import Any

from google.protobuf import json_format
from kfp.pipeline_spec import pipeline_spec_pb2 as spec_pb2

from pipeline.kubeflow.container.mirror import to_path

SYSTEM_TYPES = "system."
"""Begin of the names of Kubeflow's own artifact types, none of which TFX can import."""

# What the launcher notes on every artifact: for its user interface and its object store client.
_BOOKKEEPING = ("display_name", "store_session_info")
_KFP_NOTES = "_kfp_"
# Lists and structs are put into a struct of one field on their way through Kubeflow's metadata store.
_WRAPPERS = ("list", "struct")


@dataclasses.dataclass(frozen=True)
class MendedInput:
    """What TFX is given.

    Attributes:
        message: inputs with their types and with paths for URIs; outputs with paths for URIs, TFX's only.
        inputs_spec: the component's inputs as they were compiled.
        extra_outputs: outputs of types that TFX does not know (`executor-logs`, the user interface's), by name, with
            paths for URIs.
        node: name of the component, for messages.
        run_id: id of the run; empty where it is not known.
    """

    message: spec_pb2.ExecutorInput
    inputs_spec: spec_pb2.ComponentInputsSpec
    extra_outputs: dict[str, spec_pb2.RuntimeArtifact]
    node: str
    run_id: str = ""


def read_input(invocation: str, inputs_spec: str = "", executor_class_path: str = "") -> MendedInput:
    """Reads the arguments that Kubeflow Pipelines gives to a component of TFX.

    Mended are: artifact types, which Kubeflow does not hand on (they are those of the compiled component); URIs of
    object stores; `executor-logs` and other outputs that are not TFX's; parameters without a value; metadata that
    Kubeflow adds or wraps.

    Args:
        invocation: JSON of `ExecutorInput`.
        inputs_spec: JSON of `ComponentInputsSpec`.
        executor_class_path: names the component where nothing else does.
    """
    # Newer backends may say more than our protos know.
    message = json_format.Parse(invocation, spec_pb2.ExecutorInput(), ignore_unknown_fields=True)
    spec = json_format.Parse(inputs_spec or "{}", spec_pb2.ComponentInputsSpec(), ignore_unknown_fields=True)
    node, run_id = _node_and_run(message, executor_class_path)
    for name, artifacts in message.inputs.artifacts.items():
        for artifact in artifacts.artifacts:
            if name in spec.artifacts:
                artifact.type.CopyFrom(spec.artifacts[name].artifact_type)
            artifact.uri = to_path(artifact.uri)
            _mend_metadata(artifact)
    values = message.inputs.parameter_values
    for name in [name for name, value in values.items() if value.WhichOneof("kind") in (None, "null_value")]:
        del values[name]
    for artifacts in message.outputs.artifacts.values():
        for artifact in artifacts.artifacts:
            artifact.uri = to_path(artifact.uri)
    message.outputs.output_file = to_path(message.outputs.output_file)
    return MendedInput(message, spec, _take_extra_outputs(message), node, run_id)


def _mend_metadata(artifact: Any) -> None:
    fields = artifact.metadata.fields
    for name in list(fields):
        if name in _BOOKKEEPING or name.startswith(_KFP_NOTES):
            del fields[name]
            continue
        inner = fields[name].struct_value.fields if fields[name].HasField("struct_value") else {}
        if len(inner) == 1 and next(iter(inner)) in _WRAPPERS:
            [(wrapper, value)] = inner.items()
            if value.HasField(f"{wrapper}_value"):
                kept = type(value)()
                kept.CopyFrom(value)
                fields[name].CopyFrom(kept)


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
    # A YAML schema; Kubeflow's own types are compiled as titles, but a backend may hand them on like this.
    found = re.search(r"^title:\s*(\S+)", artifact.type.instance_schema, re.MULTILINE)
    return found[1] if found else ""


def _node_and_run(message: Any, executor_class_path: str) -> tuple[str, str]:
    """The names of node and run stand in the outputs' URIs and nowhere else."""
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
