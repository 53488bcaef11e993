"""Jinja environment of the HTML templates, with filters that format numbers."""

from __future__ import annotations

import functools

from jinja2 import Environment, PackageLoader, StrictUndefined

from components.common.errors import percent
from components.evaluator.blessing.blessing import blessing_basis
from components.evaluator.blessing.rule import metric_in_words
from components.evaluator.results.model_scores import Estimate


@functools.cache
def environment() -> Environment:
    """Returns the environment. It escapes every value that is not markup, since sentences can contain anything.

    Filters: `number`, `signed`, `signed_interval`, `percent`, `duration`, `count`, `megabytes`, `in_words` and `basis`.
    """
    made = Environment(
        loader=PackageLoader("components.reporter", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {"number": _number, "signed": _signed, "signed_interval": _signed_interval, "percent": percent}
    made.filters |= {"duration": _duration, "count": lambda value: f"{int(value):,}"}
    made.filters["megabytes"] = lambda size: f"{size / 1e6:,.1f} MB"
    made.filters |= {"in_words": metric_in_words, "basis": blessing_basis}
    made.globals["zip"] = zip
    return made


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"


def _signed(value: float) -> str:
    # A change that rounds to zero has no sign.
    return "0.000" if round(value, 3) == 0 else f"{value:+.3f}".replace("-", "\N{MINUS SIGN}")


def _duration(seconds: float) -> str:
    if seconds < 10:
        return f"{seconds:.1f} s"
    if seconds < 100:
        return f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


def _signed_interval(estimate: Estimate) -> str:
    """Formats `-0.010 to +0.004`; "" without an interval."""
    if estimate.low is None or estimate.high is None:
        return ""
    return f"{_signed(estimate.low)} to {_signed(estimate.high)}"
