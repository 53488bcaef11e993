"""The report of a run and that of a single evaluation: HTML pages that work offline."""

from __future__ import annotations

import base64
import dataclasses
import datetime
import hashlib
from collections.abc import Sequence
from importlib import resources
from typing import Any

from markupsafe import Markup

from components.evaluator.labelled_corpus.result import CorpusEvaluation
from components.evaluator.results.evaluation import Evaluation
from components.evaluator.results.model_scores import Scores
from components.reporter.limits import evaluation_limits, limits
from components.reporter.model_facts import ModelFacts
from components.reporter.page.environment import environment
from components.reporter.page.epoch_table import EpochTable
from components.reporter.page.figures import learning_curves, length_ranges, reliability_diagram, threshold_curve
from components.reporter.page.highlighting import pieces
from components.reporter.score_rows import (
    ERROR_WORDS,
    error_rows,
    errors_by_type,
    frequent_part,
    metric_rows,
    scheme_rows,
    slice_tables,
    type_rows,
)

_PACKAGE, _COMMON = "components.reporter", "components.common"
# The golden angle: any number of hues, neighbours far apart.
_HUE_STEP = 137.508


def render_page(facts: ModelFacts) -> str:
    """Renders the report of a model.

    The run section stays empty until `components.reporter.page.run_section.insert_run` fills it in after the run.
    """
    return environment().get_template("report.html.j2").render(
        **of_evaluation(facts.evaluation, facts.data.types),
        facts=facts,
        rival="champion",
        limits=limits(facts),
        curves=learning_curves(facts.history, facts.best_epoch),
        epochs=EpochTable.of(facts.history),
        lengths=length_ranges(facts.data.splits),
    )  # fmt: skip


def render_evaluation(result: CorpusEvaluation, created: datetime.datetime) -> str:
    """Renders the page of an evaluation on labelled data (`ner evaluate --data`), with the sections of the report.

    Args:
        result: the evaluation.
        created: its time, UTC.
    """
    evaluation = result.evaluation
    raw = result.raw_text.comparison
    return environment().get_template("evaluation.html.j2").render(
        **of_evaluation(evaluation, tuple(result.data.entities)),
        result=result,
        created=created,
        rival="other model",
        limits=evaluation_limits(evaluation),
        raw_rows=metric_rows(raw) if raw else [],
    )  # fmt: skip


def frame() -> dict[str, Any]:
    """Returns the variables of every page."""
    css = Markup(_resource(_COMMON, "palette.css") + _resource(_PACKAGE, "templates", "report.css"))
    return {"css": css, "script": _Script.of(_resource(_PACKAGE, "templates", "report.js"))}


def of_evaluation(evaluation: Evaluation, types: Sequence[str]) -> dict[str, Any]:
    """Returns the variables of the sections that show an evaluation.

    Args:
        evaluation: the evaluation.
        types: entity types of the data.
    """
    overall = evaluation.overall
    scores = overall.candidate if overall else None
    return {
        **frame(),
        "evaluation": evaluation,
        "hues": hues(types, scores),
        "metric_rows": metric_rows(overall) if overall else [],
        "scheme_rows": scheme_rows(overall) if overall else [],
        "type_rows": type_rows(evaluation),
        "slice_tables": slice_tables(evaluation),
        "error_rows": error_rows(overall) if overall else [],
        "error_words": ERROR_WORDS,
        "confusion": frequent_part(scores.confusion) if scores and scores.confusion else None,
        "pieces": pieces,
        "errors_by_type": errors_by_type(evaluation),
        "threshold_curve": threshold_curve(evaluation.insights) if evaluation.insights else None,
        "reliability": reliability_diagram(scores.calibration) if scores and scores.calibration else None,
    }


@dataclasses.dataclass(frozen=True)
class _Script:
    """The script of the page; its hash lets the page forbid every other script.

    Attributes:
        text: the script.
        hash: its hash for the Content-Security-Policy.
    """

    text: Markup
    hash: Markup

    @classmethod
    def of(cls, text: str) -> _Script:
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        return cls(Markup(text), Markup(f"sha256-{digest}"))


def _resource(package: str, *path: str) -> str:
    return resources.files(package).joinpath(*path).read_text(encoding="utf-8")


def hues(types: Sequence[str], scores: Scores | None = None) -> dict[str, int]:
    """Maps each entity type to a hue in degrees, which is the same everywhere in the page."""
    names = [*types]
    if scores:
        names += [name for name in scores.entities.per_type if name not in names]
    return {name: round(210 + position * _HUE_STEP) % 360 for position, name in enumerate(names)}
