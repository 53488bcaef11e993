"""Model card as JSON: intended use, data, scores, limits, contract and lineage.

The sections follow Mitchell et al. 2019, "Model Cards for Model Reporting". The schema of model-card-toolkit has no
field for an interval, a contract or a command, and forbids additional fields.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from components.evaluator.results.evaluation import Comparison
from components.evaluator.results.model_scores import EntityScores, Estimate
from components.reporter.card.serving_commands import serving_commands
from components.reporter.limits import limits
from components.reporter.model_facts import ModelFacts

FORMAT_VERSION = 1


def model_card(facts: ModelFacts) -> dict[str, Any]:
    """Returns the card as plain values, ready for JSON.

    Returns:
        `format`, `name`, `created` (ISO 8601), `intended_use` and the other texts of `CardSettings`, `training`
        (settings), `data` (fields of `DataSummary`), `drift` (fields of `DriftReport`), `evaluation` (`metrics`,
        `per_type`, `slices`: shares as `{"value", "low", "high"}`), `limits` (list of sentences), `contract`
        (`Contract.to_dict`), `serving` (commands by purpose), `lineage` (texts).
    """
    texts = facts.card.model_dump(mode="json", exclude={"data"})
    return {
        "format": FORMAT_VERSION,
        "name": facts.name,
        "created": facts.created.isoformat(timespec="seconds"),
        **texts,
        "training": dict(facts.training),
        "data": {"description": facts.card.data, **dataclasses.asdict(facts.data)},
        "drift": {**dataclasses.asdict(facts.drift), "drifted": facts.drift.drifted},
        "evaluation": _evaluation(facts),
        "limits": limits(facts),
        "contract": facts.contract.to_dict(),
        "serving": {command.purpose: command.text for command in serving_commands(facts)},
        "lineage": {**facts.lineage, "tree_hash": facts.validation.get("tree_hash", "")},
    }


def _evaluation(facts: ModelFacts) -> dict[str, Any]:
    evaluation, overall = facts.evaluation, facts.overall
    values: dict[str, Any] = {
        "splits": list(evaluation.splits),
        "bootstrap": evaluation.bootstrap,
        "champion_version": evaluation.champion_version,
        "blessed": evaluation.blessing.blessed,
        "forced": evaluation.blessing.forced,
        "failures": list(evaluation.blessing.failures),
    }
    if overall is None:
        return {**values, "sentences": 0, "metrics": {}, "per_type": {}, "slices": {}}
    metrics = {name: value for name, value in overall.candidate.metrics().items() if "/" not in name}
    return {
        **values,
        "sentences": overall.candidate.sentences,
        "metrics": _estimates(metrics),
        "changes": _estimates({name: overall.changes[name] for name in metrics if name in overall.changes}),
        "per_type": {name: _scores(scores) for name, scores in overall.candidate.entities.per_type.items()},
        "slices": {part.slice.name: _slice(part) for part in evaluation.slices},
    }


def _slice(part: Comparison) -> dict[str, Any]:
    return {**_scores(part.candidate.entities.micro), "sentences": part.candidate.sentences}


def _scores(scores: EntityScores) -> dict[str, Any]:
    return {**_estimates(scores.shares()), "support": scores.support}


def _estimates(values: Mapping[str, Estimate]) -> dict[str, Any]:
    return {name: dataclasses.asdict(value) for name, value in values.items()}
