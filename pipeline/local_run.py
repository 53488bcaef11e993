"""Local runs: one node after another in this process."""

from __future__ import annotations

import dataclasses
import time
from typing import TYPE_CHECKING

from components.common.faults import explained
from components.common.progress import progress_shown, report_progress
from components.corpus_example_gen.corpus.layout import matched_files
from components.exporter.contract.contract import build_contract
from components.exporter.contract.contract_changes import require_compatible
from components.exporter.saved_model.embedded_metadata import embedded_contract
from components.registry.model_registry import ModelRegistry
from components.registry.names import CHAMPION, RUN_FINGERPRINT_TAG
from components.registry.serving_directory.serving_sync import check_directory
from configs.spec import PipelineConfig
from pipeline.run.inputs import RunInputs, prepare_inputs
from pipeline.run.preflight import require_machine, require_readable_corpus, require_space
from pipeline.run.pretrained import require_pretrained
from pipeline.run.request import RunRequest
from pipeline.run.run_record import RunRecord, read_run

if TYPE_CHECKING:
    from tfx.orchestration.pipeline import Pipeline

_LOADING = "loading TFX and checking the inputs"


def build_pipeline(
    config: PipelineConfig, request: RunRequest | None = None, inputs: RunInputs | None = None
) -> Pipeline:
    """Prepares the inputs, looks the baseline up in the registry, and creates the pipeline.

    Args:
        config: the whole configuration.
        request: choices of this run; `champion` as its baseline becomes the number of the champion's version.
        inputs: result of `prepare_inputs`; default: it is called.

    Raises:
        NerError: the corpus, a file of vectors, the schema, the registry, a folder or the disk cannot be used, or the
            model would break callers of the champion.
    """
    request = request or RunRequest()
    require_machine(config)
    require_pretrained(config)
    # Before TFX is imported, which takes ten seconds: a wrong path is named at once.
    inputs = inputs or prepare_inputs(config, request.warm_start)
    require_readable_corpus(config, inputs)
    if inputs.corpus is not None:
        require_space(config, matched_files(inputs.corpus, inputs.splits, inputs.window))
    report_progress(_LOADING, 0, 0)  # the corpus is read
    registry = ModelRegistry(config.registry_uri)
    # Otherwise the last node would fail after the training.
    registry.check_ready(config.name)
    check_directory(registry, config.name, config.serving_dir)
    baseline, content = registry.resolve_baseline(config.name, request.baseline, inputs.fingerprint)
    _require_compatible(config, registry, inputs)
    request = dataclasses.replace(request, baseline=baseline, baseline_content=content)

    from pipeline.create import create_pipeline
    from pipeline.target import Target

    return create_pipeline(config, inputs, request, Target.local(config))


def _require_compatible(config: PipelineConfig, registry: ModelRegistry, inputs: RunInputs) -> None:
    """Compares the configured contract with the champion's, which takes no training; the Exporter compares the rest.

    Raises:
        BreakingChangeError: the model would break callers of the champion.
        RegistryError: the champion's files are missing or damaged.
    """
    champion = registry.get(config.name, CHAMPION)
    repeated = champion is not None and champion.tags.get(RUN_FINGERPRINT_TAG) == inputs.fingerprint
    if champion is None or repeated or config.exporter.allow_breaking_changes:
        return
    number = champion.version
    served = embedded_contract(registry.readable(champion, config.fetched_dir / config.name / str(number)))
    if served is None:
        return
    contract = build_contract(config.exporter)
    # What a function of the user's own returns is known when it is exported.
    own = {name: served.signatures[name] for name in config.exporter.signatures if name in served.signatures}
    contract = dataclasses.replace(contract, signatures={**contract.signatures, **own})
    require_compatible(served, contract, allowed=False, champion=f"the champion, version {number}")


def run_locally(
    config: PipelineConfig, request: RunRequest | None = None, inputs: RunInputs | None = None
) -> RunRecord:
    """Runs every node whose inputs, parameters or code changed; the others come from the cache.

    Args:
        config: the whole configuration.
        request: choices of this run.
        inputs: see `build_pipeline`.

    Returns:
        State, duration and outputs of each node of this run, also if another run of the work folder continues.

    Raises:
        NerError: the corpus, its data or the model does not pass a check; the text says what to do.
    """
    begin = time.monotonic()
    folders = {"work_dir": config.work_dir.absolute(), "registry.serving_dir": config.serving_dir}
    with explained(folders):
        with progress_shown(_LOADING):
            pipeline = build_pipeline(config, request, inputs)
            from components.trainer.devices import usable_gpus
            from pipeline.run.dag_runner import DagRunner
            from pipeline.run.run_log import run_log

            usable_gpus(config.trainer.devices)  # else the Trainer would fail after Transform
            runner = DagRunner(config)
        with run_log(config.work_dir / "logs", len(pipeline.components), begin):
            runner.run(pipeline)
        return read_run(config, runner.run_id)
