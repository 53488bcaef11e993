"""KFP's driver and importer: the inputs of a task, and the URIs of its outputs."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import re
import uuid
from collections.abc import Iterable
from typing import Any

from google.protobuf import json_format, struct_pb2
from kfp.pipeline_spec import pipeline_spec_pb2 as spec_pb2

from support.kfp_emulator.errors import TaskError
from support.kfp_emulator.stores import is_in_store

LOGS = "executor-logs"
"""Output that the driver adds to every container since KFP 2.14."""

_CONDITION = re.compile(r"inputs\.parameter_values\['(?P<name>\w+)'\] == '(?P<text>[^']*)'")


@dataclasses.dataclass
class Run:
    """A run and the outputs of its tasks so far.

    Attributes:
        run_id: ID of the run, a UUID.
        name: display name of the run.
        root: URI prefix of all outputs of the run.
        parameters: of the pipeline.
        time: time of the schedule, or of the start, in UTC and ISO 8601.
        artifacts: task -> output -> artifact, as downstream tasks receive it.
        outputs: task -> output parameter -> value.
    """

    run_id: str
    name: str
    root: str
    parameters: dict[str, struct_pb2.Value]
    time: str = "2026-11-27T03:00:00Z"
    artifacts: dict[str, dict[str, spec_pb2.RuntimeArtifact]] = dataclasses.field(default_factory=dict)
    outputs: dict[str, dict[str, struct_pb2.Value]] = dataclasses.field(default_factory=dict)


def resolve_inputs(task: Any, component: Any, run: Run) -> spec_pb2.ExecutorInput:
    """Returns the task's input, without outputs.

    Raises:
        TaskError: an input does not exist.
    """
    message = spec_pb2.ExecutorInput()
    message.inputs.SetInParent()
    for name, parameter in task.inputs.parameters.items():
        value = _parameter(name, parameter, task, run)
        if value.HasField("null_value"):
            declared = component.input_definitions.parameters[name]
            if declared.is_optional or declared.HasField("default_value"):
                continue
            raise TaskError(f"the resolved input parameter is null: {name}")
        message.inputs.parameter_values[name].CopyFrom(value)
    for name, parameter in component.input_definitions.parameters.items():
        if parameter.HasField("default_value") and name not in message.inputs.parameter_values:
            message.inputs.parameter_values[name].CopyFrom(parameter.default_value)
    for name, artifact in task.inputs.artifacts.items():
        message.inputs.artifacts[name].artifacts.add().CopyFrom(_artifact(name, artifact, task, run))
    return message


def provision_outputs(message: spec_pb2.ExecutorInput, task_name: str, component: Any, run: Run, attempt: int) -> None:
    """Adds the outputs and `executor-logs` to a task's input, each with a new URI.

    Args:
        message: as `resolve_inputs` returns it; it is changed.
        task_name: `taskInfo.name`.
        component: the task's component.
        run: the run.
        attempt: number of earlier tries.
    """
    folder = f"{run.root}/{task_name}/{uuid.uuid4()}"
    message.outputs.output_file = f"{folder}/output_metadata.json"
    for name, spec in component.output_definitions.artifacts.items():
        artifact = message.outputs.artifacts[name].artifacts.add(name=name, uri=f"{folder}/{name}")
        artifact.type.CopyFrom(spec.artifact_type)
    for name in component.output_definitions.parameters:
        message.outputs.parameters[name].output_file = f"/tmp/kfp/outputs/{name}"
    logs = message.outputs.artifacts[LOGS].artifacts.add(name=LOGS, uri=f"{folder}/{LOGS}-{attempt}")
    logs.type.schema_title = "system.Artifact"


def will_trigger(task: Any, message: spec_pb2.ExecutorInput) -> bool:
    """Returns whether the condition of a task holds.

    Raises:
        TaskError: the condition is more than the comparison of a parameter with a text, the only one that we compile.
    """
    condition = task.trigger_policy.condition
    if not condition:
        return True
    comparison = _CONDITION.fullmatch(condition)
    if not comparison or comparison["name"] not in message.inputs.parameter_values:
        raise TaskError(f"condition {condition!r}: not a comparison of an input parameter with a text")
    value = message.inputs.parameter_values[comparison["name"]]
    return value.HasField("string_value") and value.string_value == comparison["text"]  # CEL: a number equals no text


def cache_key(message: spec_pb2.ExecutorInput, component: Any, container: Any, claims: Iterable[str]) -> str:
    """Returns KFP's key of a task (backend/src/v2/driver/cache.go and cacheutils/cache.go).

    Args:
        message: inputs and provisioned outputs of the task.
        component: the task's component.
        container: the `PipelineContainerSpec`.
        claims: names of the persistent volume claims of the pod.
    """
    described = json_format.MessageToDict(message)
    outputs = {name: dict(one["artifacts"][0]) for name, one in described["outputs"].get("artifacts", {}).items()}
    for artifact in outputs.values():
        artifact.pop("uri")
    kinds = component.output_definitions.parameters
    key = {
        "inputArtifactNames": {
            name: [one.name for one in artifacts.artifacts] for name, artifacts in message.inputs.artifacts.items()
        },
        "inputParameterValues": described["inputs"].get("parameterValues", {}),
        "outputArtifactsSpec": outputs,
        "outputParametersSpec": {name: kinds[name].parameter_type for name in message.outputs.parameters},
        "containerSpec": [container.image, *container.command, *container.args, sorted(set(claims))],
    }
    return hashlib.sha256(json.dumps(key, sort_keys=True).encode()).hexdigest()


def import_artifact(spec: Any, component: Any, message: spec_pb2.ExecutorInput) -> tuple[str, Any]:
    """Returns the output name and the artifact of an importer.

    Args:
        spec: the `ImporterSpec`.
        component: the importer's component.
        message: the importer's input.

    Raises:
        TaskError: there is no URI, or not one of an object store.
    """
    parameters = message.inputs.parameter_values
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
    if not is_in_store(uri):
        raise TaskError(f"no provider scheme found in artifact URI: {uri}")
    if not uri.partition("://")[2].partition("/")[2]:
        raise TaskError(f"artifact URI {uri} has empty key")
    outputs = list(component.output_definitions.artifacts)
    if len(outputs) != 1:
        raise TaskError("failed to extract output artifact name from componentOutputSpec")
    return outputs[0], spec_pb2.RuntimeArtifact(uri=uri, type=spec.type_schema, metadata=spec.metadata)


def _parameter(name: str, spec: Any, task: Any, run: Run) -> struct_pb2.Value:
    kind = spec.WhichOneof("kind")
    if kind == "component_input_parameter":
        if spec.component_input_parameter not in run.parameters:
            raise TaskError(f"parent DAG does not have input parameter {spec.component_input_parameter}")
        return run.parameters[spec.component_input_parameter]
    if kind == "runtime_value" and spec.runtime_value.HasField("constant"):
        constant = spec.runtime_value.constant
        placeholders = {
            "{{$.pipeline_job_name}}": run.name,
            "{{$.pipeline_job_resource_name}}": run.name,
            "{{$.pipeline_job_uuid}}": run.run_id,
            "{{$.pipeline_task_name}}": task.task_info.name,
            "{{$.pipeline_job_schedule_time_utc}}": run.time,
        }
        if constant.string_value in placeholders:  # only as the whole constant
            return struct_pb2.Value(string_value=placeholders[constant.string_value])
        return constant
    if kind == "task_output_parameter":
        producer, key = spec.task_output_parameter.producer_task, spec.task_output_parameter.output_parameter_key
        if producer not in task.dependent_tasks or key not in run.outputs.get(producer, {}):
            raise TaskError(f'failed to resolve input parameter {name}: no output {key!r} of task "{producer}"')
        return run.outputs[producer][key]
    raise TaskError(f"resolving input parameter {name}: parameter spec of type {kind} not implemented yet")


def _artifact(name: str, spec: Any, task: Any, run: Run) -> spec_pb2.RuntimeArtifact:
    if spec.WhichOneof("kind") != "task_output_artifact":
        raise TaskError(f"failed to resolve input artifact {name}: artifact spec not implemented yet")
    producer, key = spec.task_output_artifact.producer_task, spec.task_output_artifact.output_artifact_key
    # On a cluster a task without dependencies starts at once; the emulator might run it later by chance.
    if producer not in task.dependent_tasks or producer not in run.artifacts:
        raise TaskError(f'failed to resolve input artifact {name}: cannot find producer task "{producer}"')
    if key not in run.artifacts[producer]:
        raise TaskError(f'cannot find output artifact key "{key}" in producer task "{producer}"')
    return run.artifacts[producer][key]
