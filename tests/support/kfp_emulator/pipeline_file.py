"""Strict reading of a compiled pipeline and its parameters, as KFP's API server does it."""

from __future__ import annotations

import dataclasses
import importlib
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from google.protobuf import json_format, struct_pb2
from kfp.pipeline_spec import pipeline_spec_pb2 as spec_pb2

from support.kfp_emulator.errors import EmulatorError

_SCHEMA_VERSION = "2.1.0"
_NAME = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
_TYPE = spec_pb2.ParameterType
# Type -> (kind of the value, Kubeflow's two names in its error)
_KINDS = {
    _TYPE.NUMBER_DOUBLE: ("number_value", "double or integer", "number"),
    _TYPE.NUMBER_INTEGER: ("number_value", "double or integer", "number"),
    _TYPE.STRING: ("string_value", "string", "string"),
    _TYPE.BOOLEAN: ("bool_value", "bool", "bool"),
    _TYPE.LIST: ("list_value", "list", "list"),
    _TYPE.STRUCT: ("struct_value", "struct", "struct"),
}


@dataclasses.dataclass(frozen=True)
class PipelineFile:
    """A compiled pipeline.

    Attributes:
        spec: the pipeline.
        deployment: its executors.
        pods: executor label -> `KubernetesExecutorConfig` of the second YAML document as a dict; empty without one.
    """

    spec: spec_pb2.PipelineSpec
    deployment: spec_pb2.PipelineDeploymentConfig
    pods: Mapping[str, Mapping[str, Any]]


def read_pipeline(file: Path) -> PipelineFile:
    """Reads one or two YAML documents.

    Raises:
        EmulatorError: Kubeflow Pipelines would refuse the file, or the emulator does not support a part of it.
    """
    try:
        documents = [document for document in yaml.safe_load_all(file.read_text(encoding="utf-8")) if document]
    except (OSError, yaml.YAMLError) as error:
        raise EmulatorError(f"{file}: cannot be read ({error}). Give a pipeline that ner compile wrote.") from error
    specs = [document for document in documents if isinstance(document, dict) and "pipelineInfo" in document]
    others = [document for document in documents if document not in specs]
    if len(specs) != 1:
        problem = "multiple pipeline specs provided" if specs else "no pipeline spec is provided"
        raise EmulatorError(f"{file}: {problem}. Compile it again with ner compile --target kubeflow.")
    spec = _parse(specs[0], spec_pb2.PipelineSpec(), f"{file}: invalid v2 pipeline spec")
    _check(spec, file)
    _add_implicit_dependencies(spec.root.dag)
    deployment = _parse(
        json_format.MessageToDict(spec.deployment_spec),
        spec_pb2.PipelineDeploymentConfig(),
        f"{file}: invalid deploymentSpec",
    )
    for label, executor in deployment.executors.items():
        if executor.HasField("resolver"):
            raise EmulatorError(f"{file}: {label}: resolver executors not implemented. Use a component instead.")
    for name, component in spec.components.items():
        if component.executor_label not in deployment.executors:
            raise EmulatorError(f"{file}: component {name}: no executor {component.executor_label!r}")
    return PipelineFile(spec, deployment, _pods(others, deployment, file))


def _check(spec: spec_pb2.PipelineSpec, file: Path) -> None:
    if spec.schema_version != _SCHEMA_VERSION:
        raise EmulatorError(
            f"{file}: KFP only supports schema version {_SCHEMA_VERSION}, but the pipeline spec has version "
            f"{spec.schema_version}. Compile it with ner compile --target kubeflow."
        )
    if not _NAME.fullmatch(spec.pipeline_info.name):
        raise EmulatorError(
            f"{file}: invalid v2 pipeline spec: name {spec.pipeline_info.name!r} should consist of lower case "
            "alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character"
        )
    if not spec.HasField("root"):
        raise EmulatorError(f"{file}: invalid v2 pipeline spec: root component is empty")
    for name, task in spec.root.dag.tasks.items():
        if task.component_ref.name not in spec.components:
            raise EmulatorError(f"{file}: task {name}: no component {task.component_ref.name!r}")
        component = spec.components[task.component_ref.name]
        for part, present in (
            ("an exit handler", bool(task.trigger_policy.strategy)),
            ("a sub-DAG", component.HasField("dag")),
        ):
            if present:
                raise EmulatorError(f"{file}: task {name}: the emulator does not support {part}. Use a cluster.")


def _add_implicit_dependencies(dag: spec_pb2.DagSpec) -> None:
    """Lets each task wait for the producers of its inputs (backend/src/v2/compiler/argocompiler/dag.go)."""
    for task in dag.tasks.values():
        artifacts = (source.task_output_artifact.producer_task for source in task.inputs.artifacts.values())
        parameters = (source.task_output_parameter.producer_task for source in task.inputs.parameters.values())
        waits = sorted({*task.dependent_tasks, *filter(None, artifacts), *filter(None, parameters)})
        del task.dependent_tasks[:]
        task.dependent_tasks.extend(waits)


def _pods(documents: list[Any], deployment: Any, file: Path) -> dict[str, Mapping[str, Any]]:
    pods: dict[str, Mapping[str, Any]] = {}
    for document in documents:
        _parse(document, spec_pb2.PlatformSpec(), f"{file}: the second document is not a platform spec")
        kubernetes = document["platforms"].get("kubernetes")
        if kubernetes is None:
            platforms = ", ".join(document["platforms"])
            raise EmulatorError(f"{file}: the second document is for {platforms}, not kubernetes")
        pods |= kubernetes["deploymentSpec"]["executors"]
    for label, config in pods.items():
        if label not in deployment.executors:
            raise EmulatorError(f"{file}: the second document configures {label!r}, not an executor of the first")
        message = _kubernetes_message()
        if message is not None:
            _parse(config, message, f"{file}: {label}: invalid Kubernetes configuration")
    return pods


def _kubernetes_message() -> Any:
    """Returns an empty `KubernetesExecutorConfig`; None without kfp-kubernetes."""
    try:
        module = importlib.import_module("kfp.kubernetes.kubernetes_executor_config_pb2")
    except ImportError:
        return None
    return module.KubernetesExecutorConfig()


def _parse(values: Any, message: Any, problem: str) -> Any:
    try:
        return json_format.ParseDict(values, message)
    except json_format.ParseError as error:
        raise EmulatorError(f"{problem}: {error}") from error


def run_parameters(inputs: spec_pb2.ComponentInputsSpec, arguments: Mapping[str, Any]) -> dict[str, struct_pb2.Value]:
    """Returns all parameters of a run; numbers become floats, as everywhere in Kubeflow.

    Args:
        inputs: declares the parameters.
        arguments: values by name; None is Kubeflow's null.

    Raises:
        EmulatorError: a parameter is missing, unknown or of another type; the text is Kubeflow's.
    """
    unknown = sorted(set(arguments) - set(inputs.parameters))
    if unknown:
        raise EmulatorError(f"parameter(s) provided are not required by pipeline: {', '.join(unknown)}")
    values = {}
    for name, parameter in inputs.parameters.items():
        if name in arguments:
            values[name] = json_format.ParseDict(arguments[name], struct_pb2.Value())
            _check_type(name, parameter.parameter_type, values[name])
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
    """Reads a parameter of the command line: strings literally, everything else as JSON.

    Raises:
        EmulatorError: the text is not of the parameter's type.
    """
    if name not in inputs.parameters or inputs.parameters[name].parameter_type == _TYPE.STRING:
        return text
    try:
        return json.loads(text)
    except ValueError as error:
        expected = _KINDS[inputs.parameters[name].parameter_type][1]
        raise EmulatorError(f"--param {name}: {text!r} is not of type {expected}. Write it as JSON.") from error


def _check_type(name: str, kind: int, value: struct_pb2.Value) -> None:
    if kind not in _KINDS:
        raise EmulatorError(f"input parameter {name} has unspecified type")
    field, expected, actual = _KINDS[kind]
    if not value.HasField(field):
        raise EmulatorError(
            f"input parameter {name} requires type {expected}, but the parameter value is not of {actual} value type"
        )
