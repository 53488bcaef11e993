"""What a retraining would be made from, and whether it is to be made."""

from __future__ import annotations

import dataclasses
import hashlib
import json

from components.registry.model_registry import ModelRegistry
from components.registry.names import BASELINE_VERSION_TAG, NO_VERSION, RUN_FINGERPRINT_TAG
from components.registry.store.version import RegisteredVersion
from configs.spec import PipelineConfig
from pipeline.retraining.attempt import Attempt
from pipeline.retraining.facts import Facts
from pipeline.retraining.gathering import gather
from pipeline.retraining.outcome import DUE, NOT_DUE, NOTHING_NEW, REFUSED, STOPPED, Outcome
from pipeline.retraining.reasons import reasons_to_retrain
from pipeline.run.inputs import RunInputs, prepare_inputs


@dataclasses.dataclass(frozen=True)
class Plan:
    """A retraining before it is made.

    Attributes:
        decision: `DUE`, or the outcome where nothing is to be made.
        champion: the model in force; None if there is none.
        inputs: what the run reads.
        key: hash of everything that decides how it ends.
    """

    decision: Outcome
    champion: RegisteredVersion | None
    inputs: RunInputs
    key: str


def make_plan(
    config: PipelineConfig, registry: ModelRegistry, warm_start: bool, force: str, last: Attempt | None
) -> Plan:
    """Decides.

    Args:
        config: the whole configuration.
        registry: the model registry.
        warm_start: whether the training begins with the champion's weights.
        force: a reason of the user's own, before which nothing else counts.
        last: the retraining before.

    Raises:
        NerError: corpus, registry, requests or scores cannot be read.
    """
    inputs = prepare_inputs(config, warm_start)
    facts = gather(config, registry, inputs)
    baseline = registry.baseline(config.name, inputs.fingerprint)
    parts = [inputs.fingerprint, baseline, config.drift.model_dump_json(exclude={"requests"})]
    key = hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:16]
    if force:
        decision = Outcome(DUE, f"due: {force}", (force,))
    else:
        known = last if last is not None and last.inputs == key else None
        decision = _decision(
            facts, reasons_to_retrain(facts, config.retrain), known, _same(config, registry, inputs, baseline)
        )
    return Plan(decision, facts.champion, inputs, key)


def _decision(facts: Facts, reasons: tuple[str, ...], last: Attempt | None, made: str) -> Outcome:
    if not reasons:
        return Outcome(NOT_DUE, "nothing is due: no new data, and no other reason")
    if last is not None and last.kind == STOPPED:
        return Outcome(STOPPED, f"still stopped, as at {last.when}: {last.text}", reasons)
    if last is not None and last.kind == REFUSED and not made:
        made = f"the same was tried at {last.when}: {last.text}"
    if not made:
        return Outcome(DUE, f"due: {'; '.join(reasons)}", reasons)
    others = [reason for reason in reasons if reason != facts.new_data]
    if others:
        return Outcome(NOTHING_NEW, f"{'; '.join(others)}; but {made}. Give newer data.", reasons)
    return Outcome(NOT_DUE, f"nothing is due: {made}", reasons)


def _same(config: PipelineConfig, registry: ModelRegistry, inputs: RunInputs, baseline: str) -> str:
    """Says in words which version came out of the same inputs already; "" if none that would be in the way did."""
    line = registry.champions(config.name).line()
    for version in reversed(registry.versions(config.name)):
        if version.tags.get(RUN_FINGERPRINT_TAG) != inputs.fingerprint:
            continue
        if version.version == line.champion:
            return f"the champion, version {version.version}, was made from the same data, settings and code"
        if version.version in line.taken_back and (version.tags.get(BASELINE_VERSION_TAG) or NO_VERSION) == baseline:
            return f"version {version.version}, made from the same data, settings and code, was rolled back"
    return ""
