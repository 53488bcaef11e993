"""The decision whether to retrain."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from datetime import timedelta

from components.registry.model_registry import ModelRegistry
from components.registry.names import BASELINE_VERSION_TAG, NO_VERSION, RUN_FINGERPRINT_TAG
from components.registry.pusher.evaluation_summary import F1
from components.registry.store.version import RegisteredVersion
from configs.spec import PipelineConfig, RetrainSettings
from pipeline.retraining.facts import Facts, gather
from pipeline.retraining.outcome import DUE, NOT_DUE, NOTHING_NEW, REFUSED, STOPPED, Attempt, Outcome
from pipeline.run.inputs import RunInputs


@dataclasses.dataclass(frozen=True)
class Plan:
    """A retraining before it runs.

    Attributes:
        decision: `DUE`, or the outcome if nothing is to run.
        champion: the champion; None if there is none.
        inputs: inputs of the run.
        key: hash of everything that determines the result.
    """

    decision: Outcome
    champion: RegisteredVersion | None
    inputs: RunInputs
    key: str


def make_plan(
    config: PipelineConfig,
    registry: ModelRegistry,
    inputs: RunInputs,
    last: Attempt | None = None,
    *,
    force: str = "",
    settings_count: bool = False,
) -> Plan:
    """Decides whether to retrain.

    Args:
        config: the whole configuration.
        registry: the model registry.
        inputs: inputs of the run that may become necessary.
        last: the last completed retraining.
        force: the user's own reason, which overrides everything else.
        settings_count: whether other settings or code than the champion's are a reason, too.

    Raises:
        NerError: registry, requests or scores cannot be read.
    """
    facts = gather(config, registry, inputs)
    baseline = registry.baseline(config.name, inputs.fingerprint)
    parts = [inputs.fingerprint, baseline, config.drift.model_dump_json(exclude={"requests"})]
    key = hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:16]
    if force:
        decision = Outcome(DUE, force, (force,))
    else:
        same = last if last is not None and last.inputs == key else None
        reasons = reasons_to_retrain(facts, config.retrain)
        if settings_count and not reasons and _settings_differ(facts, inputs):
            reasons = ("settings or code differ from those of the champion",)
        decision = _decision(facts, reasons, same, _identical_version(config, registry, inputs, baseline))
    return Plan(decision, facts.champion, inputs, key)


def reasons_to_retrain(facts: Facts, settings: RetrainSettings) -> tuple[str, ...]:
    """Returns every reason, new data first.

    Args:
        facts: the facts.
        settings: limits of the champion's age and of its drop in score.
    """
    if facts.champion is None:
        return ("there is no champion yet",)
    reasons = [facts.new_data] if facts.new_data else []
    reasons += [f"requests drift: {drift}" for drift in facts.drifts]
    age = facts.now - facts.champion.created
    if settings.max_age_days is not None and age > timedelta(days=settings.max_age_days):
        days = f"{age / timedelta(days=1):.1f} days old, more than {settings.max_age_days:g}"
        reasons.append(f"the champion, version {facts.champion.version}, is {days}")
    registered, measured = facts.champion.metrics.get(F1), facts.delayed_label_f1
    if registered is not None and measured is not None and registered - measured > settings.score_drop:
        fell = f"from {registered:.3f} to {measured:.3f}, by more than {settings.score_drop:g}"
        reasons.append(f"the champion's entity F1 fell {fell}")
    return tuple(reasons)


def _settings_differ(facts: Facts, inputs: RunInputs) -> bool:
    return facts.champion is not None and facts.champion.tags.get(RUN_FINGERPRINT_TAG) != inputs.fingerprint


def _decision(facts: Facts, reasons: tuple[str, ...], last: Attempt | None, identical: str) -> Outcome:
    if not reasons:
        return Outcome(NOT_DUE, "no new data, and no other reason")
    if last is not None and last.kind == STOPPED:
        return Outcome(STOPPED, f"still stopped, as at {last.when}: {last.text}", reasons)
    if last is not None and last.kind == REFUSED and not identical:
        identical = f"a retraining with the same inputs ended at {last.when}: {last.text}"
    if not identical:
        return Outcome(DUE, "; ".join(reasons), reasons)
    others = [reason for reason in reasons if reason != facts.new_data]
    if others:
        return Outcome(NOTHING_NEW, f"{'; '.join(others)}; but {identical}. Give newer data.", reasons)
    return Outcome(NOT_DUE, identical, reasons)


def _identical_version(config: PipelineConfig, registry: ModelRegistry, inputs: RunInputs, baseline: str) -> str:
    """Describes an existing version built from identical inputs that makes retraining pointless, or ""."""
    line = registry.champions(config.name).line()
    for version in reversed(registry.versions(config.name)):
        if version.tags.get(RUN_FINGERPRINT_TAG) != inputs.fingerprint:
            continue
        if version.version == line.champion:
            return f"the champion, version {version.version}, was built from the same data, settings and code"
        if version.version in line.taken_back and (version.tags.get(BASELINE_VERSION_TAG) or NO_VERSION) == baseline:
            return f"version {version.version}, built from the same data, settings and code, was rolled back"
    return registry.pipeline_runs(config.name).refusal(inputs.fingerprint, baseline)
