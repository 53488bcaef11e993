"""The pipeline of `ner compile --batch`: one node that tags a file with the champion."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tfx.dsl.components.common.importer import Importer
from tfx.orchestration import pipeline as tfx_pipeline
from tfx.orchestration.data_types import RuntimeParameter

from components.artifacts import Rows
from components.serving.batch_predictor.component import BatchPredictor
from components.serving.batch_predictor.executor import PARAMETERS
from configs.cluster_spec import ClusterConfig
from configs.spec import PipelineConfig
from pipeline.kubeflow.compile.cluster_runner import ClusterRunner

INPUT = "input"


def compile_batch(
    config: PipelineConfig, cluster: ClusterConfig, target: str, output: Path, *, with_platform: bool
) -> list[dict[str, Any]]:
    """Compiles batch prediction with the champion that the registry has when a run starts, and writes it.

    The address of the input and all options are parameters of a run, so that `ner kfp schedule` can set them.

    Args:
        config: name and registry of the model.
        cluster: resources and settings of the node; `data` is the default of the parameter `input`.
        target: `kubeflow` or `vertex`.
        output: YAML file, or JSON file if its suffix is `.json`.
        with_platform: add the second document with the Kubernetes settings, if there are any.

    Returns:
        The documents of the file.

    Raises:
        NerError: the file cannot be written.
    """
    source = RuntimeParameter(INPUT, str, default=cluster.data)
    rows = Importer(source_uri=source, artifact_type=Rows, reimport=True).with_id("Rows")
    parameters = {name: RuntimeParameter(name, str, default=value) for name, value in PARAMETERS.items()}
    predictor = BatchPredictor(
        rows=rows.outputs["result"], registry_uri=config.registry_uri, model_name=config.name, parameters=parameters
    )
    pipeline = tfx_pipeline.Pipeline(
        pipeline_name=f"{config.name}-batch", pipeline_root="", components=[rows, predictor], enable_cache=True
    )
    defaults = {**PARAMETERS, **({INPUT: cluster.data} if cluster.data else {})}
    batch_cluster = cluster.model_copy(update={"description": "Rows in, the same rows with entities out."})
    return ClusterRunner(batch_cluster, target, defaults, output, with_platform).run(pipeline)
