"""Does for a task what Kubeflow's driver does before its pod starts: finds its inputs and names its outputs."""

from __future__ import annotations

import uuid
from typing import Any

from google.protobuf import json_format, struct_pb2
from kfp.pipeline_spec import pipeline_spec_pb2 as spec_pb2

from support.kfp_emulator.emulator_error import TaskError
from support.kfp_emulator.run_context import GraphContext, RunContext

LOGS = "executor-logs"
"""The output that the driver adds to every container since KFP 2.14."""


def resolve_inputs(task: Any, component: Any, graph: GraphContext, run: RunContext) -> spec_pb2.ExecutorInput:
    """Returns the task's input, without outputs.

    Raises:
        TaskError: something that the task takes is not there.
    """
    message = spec_pb2.ExecutorInput()
    message.inputs.SetInParent()
    for name, parameter in task.inputs.parameters.items():
        value = _parameter(name, parameter, task, graph, run)
        if value.HasField("null_value"):
            expected = component.input_definitions.parameters[name]
            if expected.is_optional or expected.HasField("default_value"):
                continue
            raise TaskError(f"the resolved input parameter is null: {name}")
        message.inputs.parameter_values[name].CopyFrom(value)
    for name, parameter in component.input_definitions.parameters.items():
        if parameter.HasField("default_value") and name not in message.inputs.parameter_values:
            message.inputs.parameter_values[name].CopyFrom(parameter.default_value)
    for name, artifact in task.inputs.artifacts.items():
        message.inputs.artifacts[name].artifacts.add().CopyFrom(_artifact(name, artifact, task, graph))
    return message


def provision_outputs(
    message: spec_pb2.ExecutorInput, task_name: str, component: Any, run: RunContext, output_file: str
) -> None:
    """Adds the outputs to a task's input, with a new place for each, and `executor-logs`.

    Args:
        message: as `resolve_inputs` returns it; it is changed.
        task_name: `taskInfo.name`.
        component: the task's component.
        run: the run.
        output_file: where the component is to tell of its outputs.
    """
    execution = uuid.uuid4()
    message.outputs.output_file = output_file
    definitions = {
        name: (spec.artifact_type, spec.metadata) for name, spec in component.output_definitions.artifacts.items()
    }
    definitions[LOGS] = (spec_pb2.ArtifactTypeSchema(schema_title="system.Artifact"), struct_pb2.Struct())
    for name, (kind, metadata) in definitions.items():
        artifact = message.outputs.artifacts[name].artifacts.add()
        artifact.uri = f"{run.root}/{task_name}/{execution}/{name}"
        artifact.type.CopyFrom(kind)
        artifact.metadata.CopyFrom(metadata)
    for name in component.output_definitions.parameters:
        message.outputs.parameters[name].output_file = f"{output_file}.{name}"


def _parameter(name: str, spec: Any, task: Any, graph: GraphContext, run: RunContext) -> struct_pb2.Value:
    kind = spec.WhichOneof("kind")
    if kind == "component_input_parameter":
        if spec.component_input_parameter not in graph.parameters:
            raise TaskError(f"parent DAG does not have input parameter {spec.component_input_parameter}")
        return graph.parameters[spec.component_input_parameter]
    if kind == "task_output_parameter":
        producer, key = spec.task_output_parameter.producer_task, spec.task_output_parameter.output_parameter_key
        if producer not in task.dependent_tasks or key not in graph.values.get(producer, {}):
            raise TaskError(f"producer task, {producer}, not in tasks")
        return graph.values[producer][key]
    if kind == "runtime_value" and spec.runtime_value.HasField("constant"):
        return _constant(spec.runtime_value.constant, task, run)
    if kind == "task_final_status":
        final = graph.final_states[spec.task_final_status.producer_task]
        return json_format.ParseDict(final, struct_pb2.Value())
    raise TaskError(f"resolving input parameter {name}: parameter spec of type {kind} not implemented yet")


def _constant(value: struct_pb2.Value, task: Any, run: RunContext) -> struct_pb2.Value:
    """A constant may be one of Kubeflow's placeholders, as a whole."""
    known = {
        "{{$.pipeline_job_name}}": run.run_name,
        "{{$.pipeline_job_resource_name}}": run.run_name,
        "{{$.pipeline_job_uuid}}": run.run_id,
        "{{$.pipeline_task_name}}": task.task_info.name,
    }
    if value.string_value in known:
        return struct_pb2.Value(string_value=known[value.string_value])
    return value


def _artifact(name: str, spec: Any, task: Any, graph: GraphContext) -> spec_pb2.RuntimeArtifact:
    if spec.WhichOneof("kind") != "task_output_artifact":
        raise TaskError(f"failed to resolve input artifact {name}: artifact spec not implemented yet")
    producer, key = spec.task_output_artifact.producer_task, spec.task_output_artifact.output_artifact_key
    # A task that does not say what it depends on starts at once on a cluster; here it might come later by chance.
    if producer not in task.dependent_tasks or producer not in graph.artifacts:
        raise TaskError(f'failed to resolve input artifact {name}: cannot find producer task "{producer}"')
    if key not in graph.artifacts[producer]:
        raise TaskError(f'cannot find output artifact key "{key}" in producer task "{producer}"')
    return graph.artifacts[producer][key]
