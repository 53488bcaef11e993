"""Runs the pipeline on this machine, node after node in one process."""

from __future__ import annotations

from components.registry.model_registry import ModelRegistry
from components.registry.resolve_baseline import resolve_baseline
from configs.spec import PipelineConfig
from pipeline.inputs import prepare_inputs
from pipeline.run_record import RunRecord, read_run


def run_locally(config: PipelineConfig) -> RunRecord:
    """Runs all nodes whose inputs, parameters or code changed and takes the others from the cache.

    Returns:
        What each node did.

    Raises:
        NerError: the corpus, its data or the model does not pass a check; the text says what to do.
    """
    inputs = prepare_inputs(config)
    baseline = resolve_baseline(ModelRegistry(config.registry_uri), config.name, inputs.fingerprint)

    from tfx.orchestration.local.local_dag_runner import LocalDagRunner

    from pipeline.create import create_pipeline, metadata_path
    from pipeline.run_log import run_log

    pipeline = create_pipeline(config, inputs, baseline)
    with run_log(config.work_dir / "logs", len(pipeline.components)):
        LocalDagRunner().run(pipeline)
    return read_run(metadata_path(config), config.name)
