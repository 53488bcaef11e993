"""Thresholds as they are written on the command line."""

from __future__ import annotations

import re

from components.evaluator.blessing.rule import LOWER_IS_BETTER, METRIC_PATTERN, Rule
from components.evaluator.errors import EvaluationError

_FORM = re.compile(r"(?P<metric>[^<>=@]+)(?P<sign>>=|<=)(?P<bound>[^@]+)(?:@(?P<slice>.+))?")


def parse_threshold(text: str, min_support: int) -> Rule:
    """Reads `METRIC>=BOUND` or `METRIC>=BOUND@SLICE`, such as `entity_f1>=0.6@window` (each window).

    Args:
        text: the threshold; `<=` for `calibration_error`.
        min_support: gold entities below which it does not decide.

    Raises:
        EvaluationError: it is none.
    """
    found = _FORM.fullmatch(text.replace(" ", ""))
    if found is None or not re.match(METRIC_PATTERN, found["metric"]):
        raise EvaluationError(
            f"threshold {text!r}: write METRIC>=BOUND or METRIC>=BOUND@SLICE, with a metric such as entity_f1, "
            "entity_recall/PER, strict_f1 or calibration_error (<=)"
        )
    sign = "<=" if found["metric"] in LOWER_IS_BETTER else ">="
    if found["sign"] != sign:
        raise EvaluationError(f"threshold {text!r}: {found['metric']} is compared by {sign}")
    try:
        bound = float(found["bound"])
    except ValueError:
        raise EvaluationError(f"threshold {text!r}: the bound {found['bound']!r} is no number") from None
    if not 0 <= bound <= 1:
        raise EvaluationError(f"threshold {text!r}: the bound must be between 0 and 1")
    return Rule(found["metric"], found["slice"] or "", min=bound, min_support=min_support)
