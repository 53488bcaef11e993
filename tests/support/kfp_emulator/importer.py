"""Imports an artifact that is there already, as Kubeflow's importer does."""

from __future__ import annotations

from typing import Any

from kfp.pipeline_spec import pipeline_spec_pb2 as spec_pb2

from pipeline.kubeflow.container.mirror import is_mirrored
from support.kfp_emulator.emulator_error import TaskError


def imported(spec: Any, component: Any, executor_input: spec_pb2.ExecutorInput) -> tuple[str, Any]:
    """Returns the importer's output: its name and the artifact.

    Args:
        spec: the `ImporterSpec`.
        component: the importer's component.
        executor_input: the importer's parameters.

    Raises:
        TaskError: there is no URI, or one of no object store.
    """
    parameters = executor_input.inputs.parameter_values
    if spec.artifact_uri.HasField("constant"):
        uri = spec.artifact_uri.constant.string_value
        if not uri:
            raise TaskError("empty Artifact URI constant value")
    else:
        name = spec.artifact_uri.runtime_parameter
        if name not in parameters:
            raise TaskError(f"cannot find parameter {name} in task input to fetch artifact uri")
        uri = parameters[name].string_value
        if not uri:
            raise TaskError(f"empty artifact URI runtime value for parameter {name}")
    if not is_mirrored(uri):
        raise TaskError(f"no provider scheme found in artifact URI: {uri}")
    outputs = list(component.output_definitions.artifacts)
    if len(outputs) != 1:
        raise TaskError("failed to extract output artifact name from componentOutputSpec")
    return outputs[0], spec_pb2.RuntimeArtifact(uri=uri, type=spec.type_schema, metadata=spec.metadata)
