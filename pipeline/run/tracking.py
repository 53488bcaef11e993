"""MLflow run of a local pipeline run: begun before the first node, ended with the outcome.

RegistryPusher completes it. This module ends it if the pusher was not reached, or came from the cache.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections.abc import Iterator
from typing import Any

from absl import logging

from components.common import interruption
from components.common.errors import NerError, shortened
from components.keys import EPOCHS, PUSHED, REFUSAL_REASON, REGISTRY_VERSION
from components.registry.model_registry import ModelRegistry
from components.registry.names import RUN_ID_TAG
from components.registry.pusher import gathering
from components.registry.store import pipeline_runs
from components.registry.store.version import VersionRecord
from configs.spec import PipelineConfig
from pipeline.run.run_record import EVALUATION, PUSHED_MODEL, PUSHER, RunRecord, read_run, run_ids

_OUTPUTS = {
    gathering.DATA_PROFILE_KEY: ("DriftValidator", "profile"),
    gathering.TRAINED_MODEL_KEY: ("Trainer", "trained_model"),
    gathering.EVALUATION_KEY: EVALUATION,
    gathering.REPORT_KEY: ("Reporter", "report"),
    gathering.TUNER_RESULTS_KEY: ("Tuner", "tuner_results"),
}
_MAX_CHARACTERS = 1000  # of an error


@contextlib.contextmanager
def track_run(config: PipelineConfig, run_id: str, pipeline: Any) -> Iterator[None]:
    """Records the nodes that run inside the block as one MLflow run.

    A registry that cannot be written does not stop the nodes: the log names the missing record. RegistryPusher, which
    needs the registry, records the whole run.

    Args:
        config: the whole configuration.
        run_id: id of the pipeline run.
        pipeline: the compiled pipeline; one without RegistryPusher is not recorded.
    """
    arguments = _pusher_arguments(pipeline)
    if arguments is None:
        yield
        return
    runs = ModelRegistry(config.registry_uri).pipeline_runs(config.name)
    lineage, params = (json.loads(arguments[name]) for name in ("lineage", "params"))
    tags = {RUN_ID_TAG: run_id, **lineage}
    key = hashlib.sha256(json.dumps(lineage, sort_keys=True).encode()).hexdigest()[:16]
    with _not_fatal("begun"):
        runs.begin(VersionRecord(tags=tags, params=_decided(config, params)), key, run_ids(config))
    try:
        yield
    except BaseException as error:
        stopped = isinstance(error, KeyboardInterrupt) or interruption.received()
        text = "stopped by the user" if stopped else shortened(str(error) or type(error).__name__, _MAX_CHARACTERS)
        with _not_fatal("ended"):
            run = read_run(config, run_id)
            outcome = pipeline_runs.INTERRUPTED if stopped else pipeline_runs.FAILED
            runs.end(_produced(config, run, params, tags), outcome, f"{_last_node(run)}{text}")
        raise
    with _not_fatal("ended"):
        if runs.is_open(run_id):
            run = read_run(config, run_id)
            runs.end(_produced(config, run, params, tags), *_outcome(run))


def _pusher_arguments(pipeline: Any) -> dict[str, str] | None:
    """Returns the string parameters of the RegistryPusher of a compiled pipeline; None if it has none."""
    for node in pipeline.nodes:
        if node.pipeline_node.node_info.id == PUSHER:
            values = node.pipeline_node.parameters.parameters.items()
            return {name: value.field_value.string_value for name, value in values}
    return None


@contextlib.contextmanager
def _not_fatal(verb: str) -> Iterator[None]:
    try:
        yield
    except (NerError, OSError, ValueError) as error:
        logging.warning("The MLflow run was not %s: %s", verb, error)


def _decided(config: PipelineConfig, params: dict[str, str]) -> dict[str, str]:
    """Returns the settings that are decided before the training: not those of other taggers or of a search."""
    tagger = f"trainer.{config.trainer.tagger}."

    def applies(name: str) -> bool:
        if not name.startswith("trainer."):
            return True
        return not config.tuner.enabled and (name.startswith(tagger) or name.count(".") == 1)

    return {name: value for name, value in params.items() if applies(name)}


def _produced(config: PipelineConfig, run: RunRecord, params: dict[str, str], tags: dict[str, str]) -> VersionRecord:
    done = {node.name for node in run.nodes if node.is_complete}
    folders = {
        key: folder
        for key, output in _OUTPUTS.items()
        if output[0] in done and (folder := run.folder(output)) and folder.is_dir()
    }
    trained = gathering.TRAINED_MODEL_KEY in folders
    epochs = run.properties(_OUTPUTS[gathering.TRAINED_MODEL_KEY]).get(EPOCHS) or 0 if trained else 0
    return gathering.gather(
        folders, params=params if trained else _decided(config, params), epochs=int(epochs), tags=tags
    ).record


def _last_node(run: RunRecord) -> str:
    incomplete = [node.name for node in run.nodes if not node.is_complete]
    return f"{incomplete[-1]}: " if incomplete else ""


def _outcome(run: RunRecord) -> tuple[str, str]:
    """Returns outcome and text of a run whose pusher came from the cache."""
    pushed = run.properties(PUSHED_MODEL)
    version = pushed.get(REGISTRY_VERSION)
    if pushed.get(PUSHED):
        return pipeline_runs.PUSHED, f"version {version}"
    outcome = pipeline_runs.CANDIDATE_ONLY if version else pipeline_runs.REFUSED
    return outcome, str(pushed.get(REFUSAL_REASON, ""))
