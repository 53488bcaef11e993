"""Runs the pipeline on this machine, node after node in one process."""

from __future__ import annotations

from typing import TYPE_CHECKING

from components.registry.champions.resolve_baseline import resolve_baseline
from components.registry.store.model_registry import ModelRegistry
from configs.spec import PipelineConfig
from pipeline.run.inputs import prepare_inputs
from pipeline.run.metadata_file import metadata_path
from pipeline.run.pretrained import require_pretrained
from pipeline.run.run_record import RunRecord, read_run

if TYPE_CHECKING:
    from tfx.orchestration.pipeline import Pipeline


def build_pipeline(config: PipelineConfig, force_bless: str = "", warm_start: bool = False) -> Pipeline:
    """Makes the inputs ready, asks the registry for the baseline, and wires the pipeline.

    Args:
        config: the whole configuration.
        force_bless: reason for blessing the model whatever its scores; empty for letting the rules decide.
        warm_start: begin the training with the champion's weights, where there is a champion.

    Raises:
        NerError: there is no corpus or no file of vectors, or the schema or the registry cannot be used.
    """
    require_pretrained(config)
    # Before TFX is imported: a wrong path should not take ten seconds to be named.
    inputs = prepare_inputs(config, warm_start)
    baseline = resolve_baseline(ModelRegistry(config.registry_uri), config.name, inputs.fingerprint)

    from pipeline.create import create_pipeline

    return create_pipeline(config, inputs, baseline, force_bless, warm_start)


def run_locally(config: PipelineConfig, force_bless: str = "", warm_start: bool = False) -> RunRecord:
    """Runs all nodes whose inputs, parameters or code changed and takes the others from the cache.

    Args:
        config: the whole configuration.
        force_bless: see `build_pipeline`.
        warm_start: begin the training with the champion's weights, where there is a champion.

    Returns:
        What each node did.

    Raises:
        NerError: the corpus, its data or the model does not pass a check; the text says what to do.
    """
    pipeline = build_pipeline(config, force_bless, warm_start)

    from tfx.orchestration.local.local_dag_runner import LocalDagRunner

    from pipeline.run.run_log import run_log

    with run_log(config.work_dir / "logs", len(pipeline.components)):
        LocalDagRunner().run(pipeline)
    return read_run(metadata_path(config), config.name)
