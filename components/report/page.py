"""The report as one HTML page that needs no network."""

from __future__ import annotations

import functools
from importlib import resources
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from components.evaluator.evaluation import Estimate
from components.report.figures import learning_curves, length_ranges, reliability_diagram
from components.report.highlighting import pieces
from components.report.limits import limits
from components.report.model_facts import ModelFacts
from components.report.score_rows import ERROR_WORDS, error_rows, frequent_part, metric_rows, slice_tables, type_rows

_PACKAGE = "components.report"
# The golden angle: any number of hues, neighbours far apart.
_HUE_STEP = 137.508


def render_page(facts: ModelFacts) -> str:
    """Writes the report of a model.

    What it says of the run it came from is missing: `components.report.run_section.insert_run` adds that when the run
    is over.
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
        lengths=length_ranges(facts.data.splits),
        drifts=facts.drifts(),
    )  # fmt: skip


@functools.cache
def environment() -> Environment:
    """The templates; every value that is no markup is escaped, since sentences hold anything."""
    found = Environment(
        loader=PackageLoader(_PACKAGE, "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    found.filters |= {"number": _number, "signed": _signed, "interval": _interval, "percent": _percent}
    found.filters |= {"duration": _duration, "count": _count, "megabytes": lambda size: f"{size / 1e6:,.1f} MB"}
    found.tests["sure"] = _is_sure
    found.globals["zip"] = zip
    return found


def _hues(facts: ModelFacts) -> dict[str, int]:
    """Entity type -> hue in degrees; the same type has the same hue everywhere in the page."""
    names = [*facts.data.types]
    if facts.overall:
        names += [name for name in facts.overall.candidate.entities.per_type if name not in names]
    return {name: round(210 + position * _HUE_STEP) % 360 for position, name in enumerate(names)}


def _number(value: float) -> str:
    return f"{value:.3f}"


def _signed(value: float) -> str:
    # A change that is shown as zero has no sign.
    return "0.000" if round(value, 3) == 0 else f"{value:+.3f}".replace("-", "\N{MINUS SIGN}")


def _percent(value: float) -> str:
    return f"{value:.0%}" if value >= 0.095 or value == 0 else f"{value:.1%}"


def _duration(seconds: float) -> str:
    if seconds < 10:
        return f"{seconds:.1f} s"
    if seconds < 100:
        return f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


def _count(value: Any) -> str:
    return f"{int(value):,}"


def _interval(estimate: Estimate, signed: bool = False) -> str:
    """`0.312–0.371`, `-0.010 to +0.004` when signed; empty without an interval."""
    if estimate.low is None or estimate.high is None:
        return ""
    if signed:
        return f"{_signed(estimate.low)} to {_signed(estimate.high)}"
    return f"{_number(estimate.low)}\N{EN DASH}{_number(estimate.high)}"


def _is_sure(estimate: Estimate) -> bool:
    """Whether a change is more than chance: its interval does not hold zero."""
    return estimate.low is not None and estimate.high is not None and (estimate.low > 0 or estimate.high < 0)
