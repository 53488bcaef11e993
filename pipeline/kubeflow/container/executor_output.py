"""Writes what Kubeflow's launcher is told of a component's outputs."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from google.protobuf import json_format
from kfp.pipeline_spec import pipeline_spec_pb2 as spec_pb2

from pipeline.kubeflow.container.mirror import name_uris, to_uri
from pipeline.kubeflow.container.property_kinds import KINDS_KEY, integer_names


def build_output(outputs: Mapping[str, list[Any]], names: Mapping[int, str]) -> spec_pb2.ExecutorOutput:
    """Returns the message about TFX's output artifacts.

    Args:
        outputs: output name -> artifacts, with paths for URIs; of each the first counts, as everywhere in TFX on
            Kubeflow.
        names: names of artifacts by the numbers that TFX has given them.
    """
    from tfx.orchestration.kubeflow.v2.container import kubeflow_v2_entrypoint_utils as tfx_utils

    message = spec_pb2.ExecutorOutput()
    for name, artifacts in tfx_utils.translate_executor_output(outputs, names).items():
        message.artifacts[name].CopyFrom(artifacts)
        [artifact] = message.artifacts[name].artifacts
        artifact.metadata.fields[KINDS_KEY].string_value = integer_names(outputs[name][0])
    return message


def add_parameters(
    message: spec_pb2.ExecutorOutput, wanted: Mapping[str, Any], outputs: Mapping[str, list[Any]]
) -> None:
    """Adds the values of output parameters: those of the artifacts of the same name."""
    for name in wanted:
        [artifact] = outputs[name]
        json_format.ParseDict(artifact.read(), message.parameter_values[name])


def write_output(message: spec_pb2.ExecutorOutput, file: str) -> None:
    """Writes the message where the launcher looks for it, with URIs for paths and nothing that it refuses.

    Args:
        message: what to write; it is changed.
        file: `outputs.outputFile` of the component's input.
    """
    for artifacts in message.artifacts.values():
        for artifact in artifacts.artifacts:
            artifact.uri = to_uri(artifact.uri)
            _mend(artifact.metadata.fields)
    path = Path(file)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f"{path.name}.tmp")
    with temporary.open("w", encoding="utf-8") as text:
        text.write(json_format.MessageToJson(message))
        text.flush()
        os.fsync(text.fileno())
    temporary.replace(path)


def _mend(fields: Any) -> None:
    for name in list(fields):
        if fields[name].WhichOneof("kind") in (None, "null_value"):
            del fields[name]  # the launcher fails on a null
        elif fields[name].HasField("string_value"):
            # A blessing says where its models lie, a report what files were read; pods have no such paths tomorrow.
            fields[name].string_value = name_uris(fields[name].string_value)
