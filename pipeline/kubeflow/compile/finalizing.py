"""Makes what TFX compiles into what Kubeflow Pipelines 2.x and Vertex AI run, with the cluster's configuration in it.

Works on the dictionaries of the JSON form, not on protobuf messages: those of TFX's kfp are older than the servers that
read the result. Fields and their meaning: api/v2alpha1/pipeline_spec.proto and
kubernetes_platform/proto/kubernetes_executor_config.proto of kubeflow/pipelines.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from components.common.errors import NerError
from configs.cluster_spec import ClusterConfig, Node, cores, gigabytes, seconds
from pipeline.kubeflow.compile.kubernetes_platform import kubernetes_config
from pipeline.kubeflow.container.ui_artifacts import add_ui_outputs

KUBEFLOW, VERTEX = "kubeflow", "vertex"

_DESCRIPTIONS = {
    "data": "The corpus: s3://, gs:// or minio:// address of its folder.",
    "span": "Number of the newest span-<number> folder to read, or: newest.",
    "epochs": "Passes over the training split, at most.",
    "run_name": "Noted with the version in the model registry.",
    "baseline": "Version that the model must not fall behind: champion, a number, or none.",
}


def finalize(
    spec: dict[str, Any], cluster: ClusterConfig, defaults: Mapping[str, str | int], target: str
) -> dict[str, Any]:
    """Mends a compiled pipeline and gives every node its share of the cluster.

    Args:
        spec: JSON form of a PipelineSpec 2.1, as TFX compiles it; it is changed.
        cluster: what each node gets.
        defaults: of the run parameters, which TFX leaves out.
        target: `kubeflow` or `vertex`.

    Returns:
        The same spec.

    Raises:
        NerError: a node is of a kind that Kubeflow cannot run.
    """
    spec["pipelineInfo"]["description"] = cluster.description
    if cluster.pipeline_root:
        spec["defaultPipelineRoot"] = cluster.pipeline_root
    _set_defaults(spec, defaults)
    for task, name, executor in _nodes(spec):
        _require_runnable(name, executor)
        if name in cluster.nodes:
            _apply(task, executor["container"], cluster, cluster.nodes[name], target)
    add_ui_outputs(spec)
    _rename_components(spec)
    return spec


def platform(spec: dict[str, Any], cluster: ClusterConfig) -> dict[str, Any] | None:
    """Returns the second document: what is Kubernetes' own; None where no node has any of it.

    Args:
        spec: the finalized first document.
        cluster: what each node gets.
    """
    found = {}
    for task in spec["root"]["dag"]["tasks"].values():
        name = task["taskInfo"]["name"]
        if name in cluster.nodes:
            label = spec["components"][task["componentRef"]["name"]]["executorLabel"]
            found[label] = kubernetes_config(cluster.nodes[name], cluster.images)
    executors = {label: config for label, config in found.items() if config}
    return {"platforms": {"kubernetes": {"deploymentSpec": {"executors": executors}}}} if executors else None


def _set_defaults(spec: dict[str, Any], defaults: Mapping[str, str | int]) -> None:
    parameters = spec["root"].get("inputDefinitions", {}).get("parameters", {})
    for name, parameter in parameters.items():
        if name in _DESCRIPTIONS:
            parameter["description"] = _DESCRIPTIONS[name]
        if name in defaults:
            parameter |= {"defaultValue": defaults[name], "isOptional": True}


def _nodes(spec: dict[str, Any]) -> list[tuple[dict[str, Any], str, dict[str, Any]]]:
    """Returns (task, name, executor) of every node."""
    executors = spec["deploymentSpec"]["executors"]
    return [
        (task, name, executors[spec["components"][task["componentRef"]["name"]]["executorLabel"]])
        for name, task in spec["root"]["dag"]["tasks"].items()
    ]


def _require_runnable(name: str, executor: dict[str, Any]) -> None:
    if "container" not in executor and "importer" not in executor:
        kinds = ", ".join(executor)
        raise NerError(
            f"{name} is a {kinds} node, which Kubeflow Pipelines does not run. Use a component of one's own in its "
            "place, as ChampionSource is for TFX's Resolver."
        )


def _apply(task: dict[str, Any], container: dict[str, Any], cluster: ClusterConfig, node: Node, target: str) -> None:
    # No server but Vertex AI's runs this, and there the entry point has done the same before.
    container.pop("lifecycle", None)
    container["image"] = cluster.images.gpu if node.gpu else cluster.images.cpu
    container["resources"] = _resources(node) if target == KUBEFLOW else _resources_of_vertex(node)
    if node.env:
        container["env"] = [{"name": name, "value": value} for name, value in sorted(node.env.items())]
    task["cachingOptions"] = {"enableCache": True} if node.cache else {}
    if node.retries.count:
        task["retryPolicy"] = {
            "maxRetryCount": node.retries.count,
            "backoffDuration": f"{seconds(node.retries.backoff)}s",
            "backoffFactor": node.retries.factor,
            "backoffMaxDuration": f"{seconds(node.retries.longest_backoff)}s",
        }


def _resources(node: Node) -> dict[str, Any]:
    given = {
        "resourceCpuRequest": node.cpu.request,
        "resourceCpuLimit": node.cpu.limit,
        "resourceMemoryRequest": node.memory.request,
        "resourceMemoryLimit": node.memory.limit,
        "accelerator": node.gpu and {"resourceType": node.gpu.type, "resourceCount": str(node.gpu.count)},
    }
    return {name: value for name, value in given.items() if value}


def _resources_of_vertex(node: Node) -> dict[str, Any]:
    """Vertex AI picks a machine by numbers: CPUs and 10^9 bytes."""
    given = {
        "cpuLimit": node.cpu.limit and cores(node.cpu.limit),
        "memoryLimit": node.memory.limit and round(gigabytes(node.memory.limit), 3),
        "accelerator": node.gpu and {"type": node.gpu.type, "count": str(node.gpu.count)},
    }
    return {name: value for name, value in given.items() if value}


def _rename_components(spec: dict[str, Any]) -> None:
    """Names components `comp-<node>`, as kfp's own compiler does: its local runner cuts five characters off a name."""
    spec["components"] = {_component_name(name): component for name, component in spec["components"].items()}
    for task in spec["root"]["dag"]["tasks"].values():
        task["componentRef"]["name"] = _component_name(task["componentRef"]["name"])


def _component_name(name: str) -> str:
    return f"comp-{name.lower()}"
