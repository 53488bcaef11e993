"""The templates of HTML pages, and how they write numbers."""

from __future__ import annotations

import functools
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from components.evaluator.results.evaluation import Estimate


@functools.cache
def environment() -> Environment:
    """The templates; every value that is no markup is escaped, since sentences hold anything."""
    found = Environment(
        loader=PackageLoader("components.reporter", "templates"),
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
