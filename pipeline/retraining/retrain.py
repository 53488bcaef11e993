"""Retraining on this machine: decide, run the pipeline, report the outcome."""

from __future__ import annotations

import dataclasses
from typing import Any

from components.common.errors import LockHeldError
from components.common.files import locked
from components.common.progress import progress_shown
from components.corpus_example_gen.corpus.layout import require_files
from components.corpus_example_gen.splitting import configured_splits
from components.data_validator.errors import DataAnomalyError
from components.drift_validator.errors import DriftError
from components.exporter.errors import BreakingChangeError
from components.keys import PUSHED, REFUSAL_REASON, REGISTRY_VERSION
from components.registry.champions.history import REFUSED as REFUSED_NOTE
from components.registry.champions.history import STOPPED as STOPPED_NOTE
from components.registry.model_registry import ModelRegistry
from components.registry.names import CHAMPION, RUN_FINGERPRINT_TAG
from configs.spec import PipelineConfig
from pipeline.retraining.outcome import BUSY, DUE, PROMOTED, REFUSED, STOPPED, Attempt, Outcome
from pipeline.retraining.plan import Plan, make_plan
from pipeline.run.inputs import prepare_inputs
from pipeline.run.preflight import read_beginnings
from pipeline.run.run_record import PUSHED_MODEL


def retrain(config: PipelineConfig, *, warm_start: bool, force: str = "", dry_run: bool = False) -> Outcome:
    """Retrains if there is a reason, and never twice at once.

    It can be killed and called again at any time: finished nodes are in TFX's cache, a pushed model is found by its
    inputs, and the lock ends with its holder.

    Args:
        config: the whole configuration.
        warm_start: starts from the champion's weights.
        force: the user's own reason, which overrides everything else.
        dry_run: only decides; reads the beginning of the corpus if a retraining is due.

    Returns:
        The outcome. A refused model or refused data is not an error.

    Raises:
        NerError: corpus, registry, requests or scores cannot be read, or the run failed.
    """
    registry = ModelRegistry(config.registry_uri)
    folder = config.work_dir / "retrain"
    last = folder / "last.json"
    if dry_run:
        plan = _plan(config, registry, warm_start, Attempt.read(last), force)
        return _announced(config, plan) if plan.decision.kind == DUE else plan.decision
    try:
        with locked(folder / "lock", wait=False):
            plan = _plan(config, registry, warm_start, Attempt.read(last), force)
            if plan.decision.kind != DUE:
                return plan.decision
            outcome = _carry_out(config, registry, plan, warm_start)
            Attempt(plan.key, outcome.kind, outcome.text).write(last)
            return outcome
    except LockHeldError as error:
        return Outcome(BUSY, f"another retraining is running ({error}); nothing was done")


def _plan(config: PipelineConfig, registry: ModelRegistry, warm_start: bool, last: Attempt | None, force: str) -> Plan:
    with progress_shown("reading registry and corpus"):
        inputs = prepare_inputs(config, warm_start)
        if inputs.corpus is not None:
            require_files(inputs.corpus, configured_splits(config.corpus), inputs.window)
        return make_plan(config, registry, inputs, last, force=force)


def _announced(config: PipelineConfig, plan: Plan) -> Outcome:
    """Returns the decision of a retraining that can read its corpus."""
    with progress_shown("reading the corpus"):
        read = read_beginnings(config, plan.inputs)
    return dataclasses.replace(plan.decision, text=f"{plan.decision.text} (corpus: {read})")


def _carry_out(config: PipelineConfig, registry: ModelRegistry, plan: Plan, warm_start: bool) -> Outcome:
    from pipeline.local_run import run_locally
    from pipeline.run.request import RunRequest
    from pipeline.run.summary import print_summary

    try:
        record = run_locally(config, RunRequest(warm_start=warm_start), plan.inputs)
    except (DriftError, DataAnomalyError) as error:
        registry.champions(config.name).note(STOPPED_NOTE, " ".join(str(error).split()))
        return Outcome(STOPPED, str(error), plan.decision.reasons)
    except BreakingChangeError as error:
        registry.champions(config.name).note(REFUSED_NOTE, " ".join(str(error).split()))
        return Outcome(REFUSED, str(error), plan.decision.reasons)
    print_summary(record)
    return _result(registry, config.name, plan, record.properties(PUSHED_MODEL))


def _result(registry: ModelRegistry, name: str, plan: Plan, pushed: dict[str, Any]) -> Outcome:
    """Returns the outcome according to the registry, because a cached pusher reports an earlier state."""
    champion, reasons = registry.get(name, CHAMPION), plan.decision.reasons
    if champion is not None and champion.tags.get(RUN_FINGERPRINT_TAG) == plan.inputs.fingerprint:
        return Outcome(PROMOTED, f"version {champion.version} is the champion", reasons, champion.version)
    if pushed.get(PUSHED) and champion is not None:  # another run was faster than this line
        own = pushed.get(REGISTRY_VERSION)
        text = f"version {own} was promoted, and version {champion.version} of another run has replaced it"
        return Outcome(PROMOTED, text, reasons, champion.version)
    earlier = f"version {pushed.get(REGISTRY_VERSION)} was built before, and is not the champion"
    return Outcome(REFUSED, f"the champion stays: {pushed.get(REFUSAL_REASON) or earlier}", reasons)
