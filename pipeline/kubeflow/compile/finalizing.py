"""Corrections of TFX's compiled pipeline for Kubeflow Pipelines 2.x and Vertex AI, and the cluster's configuration.

They work on dictionaries in the JSON form, because the protobuf messages of TFX's kfp are older than the servers.
api/v2alpha1/pipeline_spec.proto of kubeflow/pipelines describes the fields.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from components.common.errors import NerError
from configs.cluster_spec import ClusterConfig, Node, cores, gigabytes, seconds
from pipeline.kubeflow.client.pipeline_spec import producers
from pipeline.kubeflow.compile.run_planner import add_run_planner, drop_planned_parameters
from pipeline.kubeflow.container.run_planner import PlannerSettings
from pipeline.kubeflow.container.ui_artifacts import add_ui_outputs

KUBEFLOW, VERTEX = "kubeflow", "vertex"

_LONGEST_PENDING = seconds("2d")  # of a pod that waits for a GPU, in each try
_NO_TIMEOUT = seconds("365d")

_DESCRIPTIONS = {
    "data": "Address of the corpus, a folder or a file: s3://, gs:// or minio://.",
    "span": "Number of the newest span-<number> folder to read, or: newest. {time:%Y%m%d}: the time of the schedule.",
    "epochs": "Maximum number of passes over the training split.",
    "run_name": "Stored with the version in the model registry; {time:%Y-%m-%d}: the time of the schedule.",
    "train": "due: only if data, champion, settings or code are new, or for a reason of `ner retrain`; or: always.",
    "input": "Address of the file of rows: s3://, gs:// or minio://.",
    "output": "Path on a volume, or gs:// address, for a copy of the output; empty: only the artifact.",
    "output_name": "Name of the output file: .jsonl, .jsonl.gz or .parquet, .txt for text, or .ann for brat.",
    "version": "Version of the model: champion or a number.",
    "text": "Field with the text.",
    "key": "Field that identifies a row; empty: none.",
    "forward": "More fields that the output repeats, separated by commas.",
    "quoting": "Of CSV and TSV: csv or none; empty: detected.",
    "format": "entities, highlight, brat, conll or doccano.",
    "workers": "Processes; empty: one for each processor.",
    "baseline": "Version to compare with: champion, a number, or none.",
}


def finalize(
    spec: dict[str, Any],
    cluster: ClusterConfig,
    defaults: Mapping[str, str | int],
    target: str,
    planner: PlannerSettings | None = None,
) -> dict[str, Any]:
    """Corrects a compiled pipeline and adds the cluster's configuration.

    Args:
        spec: JSON form of a PipelineSpec 2.1 from TFX; it is changed.
        cluster: resources and settings of each node.
        defaults: of the run parameters, which TFX omits.
        target: `kubeflow` or `vertex`.
        planner: settings of RunPlanner; None adds none.

    Returns:
        The same spec.

    Raises:
        NerError: Kubeflow cannot run a node of the pipeline.
    """
    spec["pipelineInfo"]["description"] = cluster.description
    if cluster.pipeline_root:
        spec["defaultPipelineRoot"] = cluster.pipeline_root
    if planner is None:
        drop_planned_parameters(spec)
    else:
        add_run_planner(spec, planner)
    _set_defaults(spec, defaults)
    for task, name, executor in _nodes(spec):
        _require_runnable(name, executor)
        if name in cluster.nodes:
            _apply(task, executor["container"], cluster, cluster.nodes[name], target)
    add_ui_outputs(spec)
    _rename_components(spec)
    if target == KUBEFLOW:
        _drop_implied_dependencies(spec)
    return spec


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
            f"{name}: Kubeflow Pipelines does not run {kinds} nodes. Use a component instead, as ChampionSource "
            "replaces TFX's Resolver."
        )


def _apply(task: dict[str, Any], container: dict[str, Any], cluster: ClusterConfig, node: Node, target: str) -> None:
    # Only Vertex AI runs this hook, and the entry point does the same.
    container.pop("lifecycle", None)
    container["image"] = cluster.images.gpu if node.gpu else cluster.images.cpu
    container["resources"] = _resources(node) if target == KUBEFLOW else _resources_of_vertex(node)
    if node.env:
        container["env"] = [{"name": name, "value": value} for name, value in sorted(node.env.items())]
    task["cachingOptions"] = {"enableCache": True} if node.cache else {}
    if node.retries.count:
        task["retryPolicy"] = retry_policy(node)


def retry_policy(node: Node) -> dict[str, Any]:
    """Returns the policy under which every try of a node gets its whole timeout.

    In spite of its name, Argo counts `backoffMaxDuration` from the start of the first try, starts no try after it, and
    ends a running one with it. Without a value it does not retry at all. A limit of a single wait does not exist.
    """
    of_try = seconds(node.timeout) if node.timeout else _NO_TIMEOUT
    longest = (node.retries.count + 1) * (of_try + _LONGEST_PENDING) + node.retries.waits
    return {
        "maxRetryCount": node.retries.count,
        "backoffDuration": f"{seconds(node.retries.backoff)}s",
        "backoffFactor": node.retries.factor,
        "backoffMaxDuration": f"{longest}s",
    }


def _resources(node: Node) -> dict[str, Any]:
    resources = {
        "resourceCpuRequest": node.cpu.request,
        "resourceCpuLimit": node.cpu.limit,
        "resourceMemoryRequest": node.memory.request,
        "resourceMemoryLimit": node.memory.limit,
        "accelerator": node.gpu and {"resourceType": node.gpu.type, "resourceCount": str(node.gpu.count)},
    }
    return {name: value for name, value in resources.items() if value}


def _resources_of_vertex(node: Node) -> dict[str, Any]:
    """Returns numbers, by which Vertex AI chooses a machine: CPUs and 10^9 bytes."""
    resources = {
        "cpuLimit": node.cpu.limit and cores(node.cpu.limit),
        "memoryLimit": node.memory.limit and round(gigabytes(node.memory.limit), 3),
        "accelerator": node.gpu and {"type": node.gpu.type, "count": str(node.gpu.count)},
    }
    return {name: value for name, value in resources.items() if value}


def _drop_implied_dependencies(spec: dict[str, Any]) -> None:
    """Leaves those dependencies that no input states.

    The server adds a dependency for each input (argocompiler/dag.go), and the web interface draws both.
    """
    for task in spec["root"]["dag"]["tasks"].values():
        stated = set(producers(task))
        explicit = [name for name in task.pop("dependentTasks", []) if name not in stated]
        if explicit:
            task["dependentTasks"] = explicit


def _rename_components(spec: dict[str, Any]) -> None:
    """Names components `comp-<node>` as kfp's own compiler does, whose local runner removes this prefix."""
    spec["components"] = {_component_name(name): component for name, component in spec["components"].items()}
    for task in spec["root"]["dag"]["tasks"].values():
        task["componentRef"]["name"] = _component_name(task["componentRef"]["name"])


def _component_name(name: str) -> str:
    return f"comp-{name.lower()}"
