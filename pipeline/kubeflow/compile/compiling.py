"""Compiles the pipeline for Kubeflow Pipelines or Vertex AI."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from configs.cluster_spec import ClusterConfig
from configs.spec import PipelineConfig
from pipeline.run.inputs import inputs_of_cluster
from pipeline.run.request import RunRequest


def compile_pipeline(
    config: PipelineConfig,
    cluster: ClusterConfig,
    target: str,
    output: Path,
    *,
    request: RunRequest | None = None,
    with_platform: bool = True,
) -> list[dict[str, Any]]:
    """Compiles the pipeline that `ner run` runs, and writes it.

    Args:
        config: the whole configuration.
        cluster: what each node gets.
        target: `kubeflow` or `vertex`.
        output: YAML file, or JSON file where its name says so.
        request: choices of every run of the compiled pipeline; the run parameter `baseline` replaces its baseline.
        with_platform: whether to give the second document, with what is Kubernetes' own.

    Returns:
        The documents of the file: for Kubeflow the PipelineSpec, and the PlatformSpec where there is one; for Vertex AI
        the PipelineJob.

    Raises:
        NerError: the pipeline, or a setting, cannot run there, or the file cannot be written.
    """
    from pipeline.create import create_pipeline
    from pipeline.kubeflow.compile.cluster_runner import ClusterRunner
    from pipeline.target import Target

    where = Target.cluster(config, cluster.data)
    inputs = inputs_of_cluster(config)
    pipeline = create_pipeline(config, inputs, request or RunRequest(), where)
    return ClusterRunner(cluster, target, where.defaults, output, with_platform).run(pipeline)


def settings_for(cluster: ClusterConfig) -> list[str]:
    """Returns the cluster's changes of the pipeline's configuration, in the form of `--set`.

    Args:
        cluster: what each node gets.
    """
    return [f"{name}={json.dumps(value)}" for name, value in cluster.settings.items()]


def doubts(config: PipelineConfig, cluster: ClusterConfig) -> list[str]:
    """Returns what a compiled pipeline may be surprised by, a line each.

    Args:
        config: the whole configuration.
        cluster: what each node gets.
    """
    used = {cluster.images.gpu if node.gpu else cluster.images.cpu for node in cluster.nodes.values()}
    found = [
        f"image {image} has no digest: pods, and the cache, do not notice when it changes"
        for image in sorted(used)
        if "@sha256:" not in image
    ]
    mounted = [volume.path.rstrip("/") + "/" for node in cluster.nodes.values() for volume in node.volumes]
    for name, path in _paths(config).items():
        if path.startswith("/") and not any(path.startswith(volume) for volume in mounted):
            found.append(f"[{name}] {path} is on no volume that a node mounts: what is written there goes with the pod")
    return found


def _paths(config: PipelineConfig) -> dict[str, str]:
    """The settings that say where something stays beyond a pod."""
    return {
        "registry -> uri": config.registry_uri.removeprefix("sqlite:///"),
        "registry -> serving_dir": str(config.registry.serving_dir or ""),
        "trainer -> checkpoint_dir": str(config.trainer.checkpoint_dir or ""),
    }
