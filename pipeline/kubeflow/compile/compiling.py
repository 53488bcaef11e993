"""Compilation of the pipeline for Kubeflow Pipelines or Vertex AI."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from components.common.errors import NerError
from configs.cluster_spec import ClusterConfig
from configs.spec import PipelineConfig
from pipeline.run.inputs import inputs_of_cluster
from pipeline.run.pretrained import require_preset_for_cluster, transform_files
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
        cluster: resources and settings of each node.
        target: `kubeflow` or `vertex`.
        output: YAML file, or JSON file if its suffix is `.json`.
        request: choices of every run of the compiled pipeline; the run parameter `baseline` replaces its baseline.
        with_platform: add the second document with the Kubernetes settings, if there are any.

    Returns:
        The documents of the file: for Kubeflow the PipelineSpec and an optional PlatformSpec; for Vertex AI the
        PipelineJob.

    Raises:
        NerError: the target cannot run the pipeline, or the file cannot be written.
    """
    if config.trainer.teacher is not None:
        raise NerError(
            "trainer.teacher: pods have neither the teacher nor the unlabelled texts of this machine. Train with "
            "`ner distill` on a machine that has them, or set trainer.teacher to null and trainer.unlabelled to []."
        )
    require_preset_for_cluster(config)
    from pipeline.create import create_pipeline
    from pipeline.kubeflow.compile.cluster_runner import ClusterRunner
    from pipeline.kubeflow.compile.run_planner import planner_settings
    from pipeline.target import Target

    request, run_target, inputs = (
        request or RunRequest(),
        Target.cluster(config, cluster.data),
        inputs_of_cluster(config),
    )
    pipeline = create_pipeline(config, inputs, request, run_target)
    planner = planner_settings(config, inputs, warm_start=request.warm_start)
    hosts = config.trainer.hosts
    runner = ClusterRunner(cluster, target, run_target.defaults, output, with_platform, planner, hosts=hosts)
    return runner.run(pipeline)


def settings_for(cluster: ClusterConfig) -> list[str]:
    """Returns the cluster's changes of the pipeline's configuration, in the form of `--set`."""
    return [f"{name}={json.dumps(value)}" for name, value in cluster.settings.items()]


def warnings(config: PipelineConfig, cluster: ClusterConfig) -> list[str]:
    """Returns warnings about settings that are likely to fail on a cluster.

    Args:
        config: the whole configuration.
        cluster: resources and settings of each node.
    """
    used = {cluster.images.gpu if node.gpu else cluster.images.cpu for node in cluster.nodes.values()}
    lines = [
        f"image {image} has no digest: pods and the cache do not notice a changed image. Use name@sha256:..."
        for image in sorted(used)
        if "@sha256:" not in image
    ]
    mounted = [volume.path.rstrip("/") + "/" for node in cluster.nodes.values() for volume in node.volumes]
    persistent = {
        "registry.uri": config.registry_uri.removeprefix("sqlite:///"),
        "registry.serving_dir": str(config.registry.serving_dir or ""),
        "trainer.checkpoint_dir": str(config.trainer.checkpoint_dir or ""),
    }
    for name, path in persistent.items():
        if path.startswith("/") and not any(path.startswith(volume) for volume in mounted):
            lines.append(f"{name}: {path} is not on a volume of any node, so it is lost with the pod. Mount a volume")
    for name, path in transform_files(config).items():
        if "://" not in path and not any(path.startswith(volume) for volume in mounted):
            lines.append(
                f"{name}: {path} is not on a volume of any node. Mount one or give a URL, unless the image has it"
            )
    return lines
