"""The report: one HTML page that works offline."""

from __future__ import annotations

from importlib import resources

from markupsafe import Markup

from components.reporter.limits import limits
from components.reporter.model_facts import ModelFacts
from components.reporter.page.environment import environment
from components.reporter.page.epoch_table import EpochTable
from components.reporter.page.figures import learning_curves, length_ranges, reliability_diagram
from components.reporter.page.highlighting import pieces
from components.reporter.score_rows import ERROR_WORDS, error_rows, frequent_part, metric_rows, slice_tables, type_rows

_PACKAGE = "components.reporter"
# The golden angle: any number of hues, neighbours far apart.
_HUE_STEP = 137.508


def render_page(facts: ModelFacts) -> str:
    """Renders the report of a model.

    The run section stays empty until `components.reporter.page.run_section.insert_run` fills it in after the run.
    """
    scores = facts.overall.candidate if facts.overall else None
    return environment().get_template("report.html.j2").render(
        facts=facts,
        evaluation=facts.evaluation,
        css=Markup(resources.files(_PACKAGE).joinpath("templates", "report.css").read_text(encoding="utf-8")),
        hues=_hues(facts),
        limits=limits(facts),
        metric_rows=metric_rows(facts.overall) if facts.overall else [],
        type_rows=type_rows(facts.evaluation),
        slice_tables=slice_tables(facts.evaluation),
        error_rows=error_rows(facts.overall) if facts.overall else [],
        error_words=ERROR_WORDS,
        confusion=frequent_part(scores.confusion) if scores and scores.confusion else None,
        pieces=pieces,
        reliability=reliability_diagram(scores.calibration) if scores and scores.calibration else None,
        curves=learning_curves(facts.history, facts.best_epoch),
        epochs=EpochTable.of(facts.history),
        lengths=length_ranges(facts.data.splits),
    )  # fmt: skip


def _hues(facts: ModelFacts) -> dict[str, int]:
    """Maps each entity type to a hue in degrees, which is the same everywhere in the page."""
    names = [*facts.data.types]
    if facts.overall:
        names += [name for name in facts.overall.candidate.entities.per_type if name not in names]
    return {name: round(210 + position * _HUE_STEP) % 360 for position, name in enumerate(names)}
