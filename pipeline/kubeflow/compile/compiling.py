"""Compilation of the pipeline for Kubeflow Pipelines or Vertex AI."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from components.common.errors import NerError
from configs.cluster_spec import BATCH_NODES, ClusterConfig
from configs.spec import PipelineConfig
from pipeline.kubeflow.container.run_planner import RUN_PLANNER
from pipeline.run.inputs import inputs_of_cluster
from pipeline.run.pretrained import require_preset_for_cluster, transform_files
from pipeline.run.request import RunRequest

_LOST = ", so it is lost with the pod. Mount one volume there"
_MISSING = ", unless the image has it. Mount one"


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

    request = request or RunRequest()
    run_target, inputs = Target.cluster(config, cluster.data), inputs_of_cluster(config)
    pipeline = create_pipeline(config, inputs, request, run_target)
    planner = planner_settings(config, inputs, warm_start=request.warm_start)
    hosts = config.trainer.hosts
    runner = ClusterRunner(cluster, target, run_target.defaults, output, with_platform, planner, hosts=hosts)
    return runner.run(pipeline)


def settings_for(cluster: ClusterConfig) -> list[str]:
    """Returns the cluster's changes of the pipeline's configuration, in the form of `--set`."""
    return [f"{name}={json.dumps(value)}" for name, value in cluster.settings.items()]


def warnings(config: PipelineConfig, cluster: ClusterConfig, *, batch: bool = False) -> list[str]:
    """Returns warnings about settings that are likely to fail on a cluster.

    Args:
        config: the whole configuration.
        cluster: resources and settings of each node.
        batch: whether batch prediction is compiled, not the training.
    """
    used = {cluster.images.gpu if node.gpu else cluster.images.cpu for node in cluster.nodes.values()}
    unpinned = sorted(image for image in used if "@sha256:" not in image)
    lines = [f"images without a digest, whose changes the cache misses: {', '.join(unpinned)}"] if unpinned else []
    registry = config.registry_uri.removeprefix("sqlite:///")
    if batch:
        return [*lines, *_not_mounted(cluster, {"registry.uri": registry}, BATCH_NODES, _MISSING)]
    if config.corpus.path is not None and cluster.data is None:
        lines.append("corpus.path: not read on a cluster. Give the address of the corpus with --data")
    serving, checkpoints = str(config.registry.serving_dir or ""), str(config.trainer.checkpoint_dir or "")
    requests, scores = str(config.drift.requests or ""), str(config.retrain.scores or "")
    trainers = ("Tuner", "Trainer") if config.tuner.enabled else ("Trainer",)
    for settings, nodes, effect in (
        ({"registry.uri": registry}, (RUN_PLANNER, "ChampionSource", "RegistryPusher"), _LOST),
        ({"registry.serving_dir": serving}, ("RegistryPusher",), _LOST),
        ({"trainer.checkpoint_dir": checkpoints}, trainers, _LOST),
        ({"drift.requests": requests, "retrain.scores": scores}, (RUN_PLANNER,), _MISSING),
        (transform_files(config), ("Transform",), f"{_MISSING} or give a URL"),
    ):
        lines += _not_mounted(cluster, settings, nodes, effect)
    return lines


def _not_mounted(
    cluster: ClusterConfig, settings: Mapping[str, str], nodes: Sequence[str], effect: str
) -> Iterator[str]:
    """Yields a warning for each path that a node does not find on a volume."""
    for name, path in settings.items():
        without = [
            node
            for node in nodes
            if not any(path.startswith(volume.path.rstrip("/") + "/") for volume in cluster.nodes[node].volumes)
        ]
        if path and "://" not in path and without:
            yield f"{name}: {path} is not on a volume of {', '.join(without)}{effect}"
