"""The model card: what a model is for, made from, worth, and how it is asked.

The sections are those of Mitchell et al. 2019, "Model Cards for Model Reporting". Not by model-card-toolkit: its
schema has no place for an interval, a contract or a command, and forbids additions.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from typing import Any

from components.evaluator.results.evaluation import Comparison, EntityScores, Estimate
from components.reporter.data_summary import DataSummary
from components.reporter.limits import limits
from components.reporter.model_facts import ModelFacts
from components.reporter.report_error import ReportError
from components.reporter.serving_commands import serving_commands

FORMAT_VERSION = 1

MARKDOWN_FILE = "model_card.md"
JSON_FILE = "model_card.json"


def model_card(facts: ModelFacts) -> dict[str, Any]:
    """Returns the card as plain values, ready for JSON.

    Returns:
        `format`, `name`, `created` (ISO 8601), `intended_use` and the other texts of `CardText`, `training` (settings),
        `data` (`DataSummary.to_dict`), `evaluation` (`metrics`, `per_type`, `slices`: shares as `{"value", "low",
        "high"}`), `limits` (list of sentences), `contract` (`Contract.to_dict`), `serving` (commands by purpose),
        `lineage` (texts).
    """
    texts = dataclasses.asdict(facts.card)
    return {
        "format": FORMAT_VERSION,
        "name": facts.name,
        "created": facts.created.isoformat(timespec="seconds"),
        **{name: texts[name] for name in ("intended_use", "out_of_scope", "languages", "license", "contact")},
        "training": dict(facts.training),
        "data": {"description": facts.card.data, **facts.data.to_dict()},
        "evaluation": _evaluation(facts),
        "limits": limits(facts),
        "contract": facts.contract.to_dict(),
        "serving": {command.purpose: command.text for command in serving_commands(facts)},
        "lineage": {**facts.lineage, "tree_hash": facts.validation.get("tree_hash", "")},
    }


def data_of_card(text: str) -> DataSummary:
    """Reads the data of a model from its card.

    Args:
        text: the JSON that `model_card` made.

    Raises:
        ReportError: the text is no model card of this format.
    """
    try:
        card = json.loads(text)
        if card["format"] != FORMAT_VERSION:
            raise ReportError(
                f"the model card has format {card['format']!r}, and {FORMAT_VERSION} is read here. "
                "Run the pipeline again."
            )
        values = {name: value for name, value in card["data"].items() if name != "description"}
        return DataSummary.from_dict(values)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ReportError(
            f"this is no model card ({type(error).__name__}: {error}). It must be the {JSON_FILE} of a pipeline run."
        ) from error


def _evaluation(facts: ModelFacts) -> dict[str, Any]:
    evaluation, overall = facts.evaluation, facts.overall
    found: dict[str, Any] = {
        "splits": list(evaluation.splits),
        "bootstrap": evaluation.bootstrap,
        "champion_version": evaluation.champion_version,
        "blessed": evaluation.blessing.blessed,
        "forced": evaluation.blessing.forced,
        "failures": list(evaluation.blessing.failures),
    }
    if overall is None:
        return {**found, "sentences": 0, "metrics": {}, "per_type": {}, "slices": {}}
    metrics = {name: value for name, value in overall.candidate.metrics().items() if "/" not in name}
    return {
        **found,
        "sentences": overall.candidate.sentences,
        "metrics": _estimates(metrics),
        "changes": _estimates({name: overall.changes[name] for name in metrics if name in overall.changes}),
        "per_type": {name: _scores(scores) for name, scores in overall.candidate.entities.per_type.items()},
        "slices": {part.slice.name: _slice(part) for part in evaluation.slices},
    }


def _slice(part: Comparison) -> dict[str, Any]:
    return {**_scores(part.candidate.entities.micro), "sentences": part.candidate.sentences}


def _scores(scores: EntityScores) -> dict[str, Any]:
    shares = {"precision": scores.precision, "recall": scores.recall, "f1": scores.f1}
    return {**_estimates(shares), "support": scores.support}


def _estimates(values: Mapping[str, Estimate]) -> dict[str, Any]:
    return {name: dataclasses.asdict(value) for name, value in values.items()}
