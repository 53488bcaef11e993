"""Pages about a served model: drift of requests (`ner drift`), and delayed labels (`ner evaluate --requests`)."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from typing import Any

from components.drift_validator.drift_report import DriftReport
from components.evaluator.delayed_labels.evaluation import DelayedLabelEvaluation
from components.reporter.limits import evaluation_limits
from components.reporter.page.environment import environment
from components.reporter.page.figures import drift_history, f1_history
from components.reporter.page.page import frame, of_evaluation


def render_drift(
    report: DriftReport,
    *,
    model: str,
    requests: str,
    created: datetime.datetime,
    history: Sequence[Mapping[str, Any]] = (),
) -> str:
    """Renders the page of `ner drift`.

    Args:
        report: distances between the requests and the training data.
        model: name and version of the model.
        requests: name of the log.
        created: time of the comparison, UTC.
        history: results of `drift_entry`, the oldest first, this one included.
    """
    return environment().get_template("drift.html.j2").render(
        **frame(), drift=report, model=model, requests=requests, created=created, history=history,
        history_figure=drift_history(history),
    )  # fmt: skip


def drift_entry(report: DriftReport, model: str, created: datetime.datetime) -> dict[str, Any]:
    """Returns what the history keeps of a comparison."""
    return {
        "time": created.isoformat(timespec="seconds"),
        "model": model,
        "requests": report.sentences[1],
        "drifted": report.drifted,
        "distances": {drift.what: {"distance": drift.distance, "limit": drift.limit} for drift in report.drifts},
    }


def render_delayed_labels(
    result: DelayedLabelEvaluation,
    *,
    requests: str,
    labels: str,
    created: datetime.datetime,
    history: Sequence[Mapping[str, Any]] = (),
) -> str:
    """Renders the page of `ner evaluate --requests`.

    Args:
        result: the evaluation.
        requests: name of the log.
        labels: name of the file with the labels.
        created: time of the evaluation, UTC.
        history: results of `delayed_labels_entry`, the oldest first, this one included.
    """
    evaluation = result.evaluation
    return environment().get_template("delayed_labels.html.j2").render(
        **of_evaluation(evaluation, ()), account=result.account, crossed=result.crossed, requests=requests,
        labels=labels, created=created, history=history, history_figure=f1_history(history), rival="other model",
        limits=evaluation_limits(evaluation),
    )  # fmt: skip


def delayed_labels_entry(result: DelayedLabelEvaluation, created: datetime.datetime) -> dict[str, Any]:
    """Returns what the history keeps of an evaluation."""
    overall = result.evaluation.overall
    f1 = overall.candidate.entities.micro.f1 if overall else None
    return {
        "time": created.isoformat(timespec="seconds"),
        "sentences": result.account.scored,
        "entities": overall.candidate.entities.micro.support if overall else 0,
        "f1": None if f1 is None else f1.value,
        "low": None if f1 is None else f1.low,
        "high": None if f1 is None else f1.high,
        "crossed": len(result.crossed),
    }
