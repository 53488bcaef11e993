"""Thresholds of `ner evaluate`."""

from __future__ import annotations

import re

from components.evaluator.blessing.rule import LOWER_IS_BETTER, BlessingRule, is_builtin_metric
from components.evaluator.errors import EvaluationError

_FORM = re.compile(r"\s*(?P<metric>[^<>=@]+?)\s*(?P<sign>>=|<=)\s*(?P<bound>[^@]+?)\s*(?:@\s*(?P<slice>.+?)\s*)?")


def parse_threshold(text: str, min_support: int) -> BlessingRule:
    """Parses `METRIC>=BOUND` or `METRIC>=BOUND@SLICE`, such as `entity_f1>=0.6@window` (every window).

    Args:
        text: the threshold; `<=` for `calibration_error`.
        min_support: gold entities below which it does not apply.

    Raises:
        EvaluationError: the text has another form.

    Example:
        >>> parse_threshold("entity_f1>=0.6@window", 50).bound
        0.6
    """
    match = _FORM.fullmatch(text)
    if match is None or not is_builtin_metric(match["metric"]):
        raise EvaluationError(
            f"--threshold {text!r}: not a threshold. Write METRIC>=BOUND or METRIC>=BOUND@SLICE, with a metric such as "
            "entity_f1, entity_recall/PER, strict_f1 or calibration_error (<=)."
        )
    sign = "<=" if match["metric"] in LOWER_IS_BETTER else ">="
    if match["sign"] != sign:
        raise EvaluationError(f"--threshold {text!r}: {match['sign']} does not fit {match['metric']}. Write {sign}.")
    try:
        bound = float(match["bound"])
    except ValueError:
        raise EvaluationError(
            f"--threshold {text!r}: the bound {match['bound']!r} is not a number. Write one from 0 to 1."
        ) from None
    if not 0 <= bound <= 1:
        raise EvaluationError(f"--threshold {text!r}: the bound is not from 0 to 1. Write a share, such as 0.6.")
    name, equals, value = (match["slice"] or "").partition("=")
    chosen = f"{name.strip()}{equals}{value.strip()}"
    return BlessingRule(metric=match["metric"], slice=chosen, bound=bound, min_support=min_support)
