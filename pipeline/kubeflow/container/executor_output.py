"""The ExecutorOutput that Kubeflow's launcher reads."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from google.protobuf import json_format
from kfp.pipeline_spec import pipeline_spec_pb2 as spec_pb2

from components.common.files import write_atomically
from pipeline.kubeflow.container.mirror import name_uris, to_uri
from pipeline.kubeflow.container.property_kinds import KINDS_KEY, integer_names


def build_output(outputs: Mapping[str, list[Any]], names: Mapping[int, str]) -> spec_pb2.ExecutorOutput:
    """Returns the message about TFX's output artifacts.

    Args:
        outputs: output name -> artifacts, with paths as URIs; only the first counts, as everywhere in TFX on Kubeflow.
        names: names of artifacts by TFX's IDs.
    """
    from tfx.orchestration.kubeflow.v2.container import kubeflow_v2_entrypoint_utils as tfx_utils

    message = spec_pb2.ExecutorOutput()
    for name, artifacts in tfx_utils.translate_executor_output(outputs, names).items():
        message.artifacts[name].CopyFrom(artifacts)
        [artifact] = message.artifacts[name].artifacts
        artifact.metadata.fields[KINDS_KEY].string_value = integer_names(outputs[name][0])
    return message


def write_output(message: spec_pb2.ExecutorOutput, file: str) -> None:
    """Writes the message with URIs instead of paths, and without the nulls that the launcher refuses.

    Args:
        message: the message; it is changed.
        file: `outputs.outputFile` of the component's input.
    """
    for artifacts in message.artifacts.values():
        for artifact in artifacts.artifacts:
            artifact.uri = to_uri(artifact.uri)
            _clean_metadata(artifact.metadata.fields)
    write_atomically(file, json_format.MessageToJson(message))


def _clean_metadata(fields: Any) -> None:
    for name in list(fields):
        if fields[name].WhichOneof("kind") in (None, "null_value"):
            del fields[name]
        elif fields[name].HasField("string_value"):
            # A blessing names its models and a report its files; their paths exist only in this pod.
            fields[name].string_value = name_uris(fields[name].string_value)
