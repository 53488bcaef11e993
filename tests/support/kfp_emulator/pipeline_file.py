"""Reads a compiled pipeline as the API server of Kubeflow Pipelines does: strictly."""

from __future__ import annotations

import dataclasses
import importlib
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from google.protobuf import json_format
from kfp.pipeline_spec import pipeline_spec_pb2 as spec_pb2

from support.kfp_emulator.emulator_error import EmulatorError

_SCHEMA_VERSION = "2.1.0"
_NAME = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")


@dataclasses.dataclass(frozen=True)
class PipelineFile:
    """A compiled pipeline.

    Attributes:
        spec: the pipeline.
        deployment: its executors.
        pods: executor label -> what the second YAML document says about the pod (`KubernetesExecutorConfig` as a dict);
            empty without one.
    """

    spec: spec_pb2.PipelineSpec
    deployment: spec_pb2.PipelineDeploymentConfig
    pods: Mapping[str, Mapping[str, Any]]


def read_pipeline(file: Path) -> PipelineFile:
    """Reads one or two YAML documents.

    Args:
        file: what `ner compile --target kubeflow` writes.

    Raises:
        EmulatorError: Kubeflow Pipelines would refuse it.
    """
    try:
        documents = [document for document in yaml.safe_load_all(file.read_text(encoding="utf-8")) if document]
    except (OSError, yaml.YAMLError) as error:
        raise EmulatorError(f"{file}: cannot be read ({error}). Give a pipeline that ner compile wrote.") from error
    specs = [document for document in documents if isinstance(document, dict) and "pipelineInfo" in document]
    others = [document for document in documents if document not in specs]
    if len(specs) != 1:
        found = "multiple pipeline specs provided" if specs else "no pipeline spec is provided"
        raise EmulatorError(f"{file}: {found}. Compile it anew with ner compile --target kubeflow.")
    spec = _parse(specs[0], spec_pb2.PipelineSpec(), f"{file}: invalid v2 pipeline spec")
    _check(spec, file)
    deployment = _parse(
        json_format.MessageToDict(spec.deployment_spec),
        spec_pb2.PipelineDeploymentConfig(),
        f"{file}: invalid deploymentSpec",
    )
    for label, executor in deployment.executors.items():
        if executor.HasField("resolver"):
            raise EmulatorError(f"{file}: {label}: resolver executors not implemented. Use a component instead.")
    for name, component in spec.components.items():
        if not component.HasField("dag") and component.executor_label not in deployment.executors:
            raise EmulatorError(f"{file}: component {name}: there is no executor {component.executor_label!r}")
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
    for graph in (spec.root, *spec.components.values()):
        for name, task in graph.dag.tasks.items():
            if task.component_ref.name not in spec.components:
                raise EmulatorError(f"{file}: task {name}: there is no component {task.component_ref.name!r}")


def _pods(documents: list[Any], deployment: Any, file: Path) -> dict[str, Mapping[str, Any]]:
    pods: dict[str, Mapping[str, Any]] = {}
    for document in documents:
        _parse(document, spec_pb2.PlatformSpec(), f"{file}: the second document is no platform spec")
        kubernetes = document["platforms"].get("kubernetes")
        if kubernetes is None:
            platforms = ", ".join(document["platforms"])
            raise EmulatorError(f"{file}: the second document is for {platforms}, not kubernetes")
        pods |= kubernetes["deploymentSpec"]["executors"]
    for label, config in pods.items():
        if label not in deployment.executors:
            raise EmulatorError(f"{file}: the second document configures {label!r}, which is no executor of the first")
        message = _kubernetes_message()
        if message is not None:
            _parse(config, message, f"{file}: {label}: invalid Kubernetes configuration")
    return pods


def _kubernetes_message() -> Any:
    """An empty message of the second document's kind; None where kfp-kubernetes is not installed."""
    try:
        module = importlib.import_module("kfp.kubernetes.kubernetes_executor_config_pb2")
    except ImportError:
        return None
    return module.KubernetesExecutorConfig()


def _parse(values: Any, message: Any, what: str) -> Any:
    try:
        return json_format.ParseDict(values, message)
    except json_format.ParseError as error:
        raise EmulatorError(f"{what}: {error}") from error
