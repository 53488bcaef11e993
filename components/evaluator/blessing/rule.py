"""Rule of the blessing: a bound on one metric, absolute or against the champion."""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Iterable

from pydantic import model_validator
from typing_extensions import Self

from components.common.errors import quoted
from components.common.settings import NotNegative, Settings, Share
from components.evaluator.errors import EvaluationError

_METRICS = re.compile(
    r"entity_(precision|recall|f1)(/.+)?|entity_macro_f1|strict_f1|boundary_f1|type_f1|partial_f1|ent_type_f1"
    r"|token_accuracy|calibration_error"
)
_THRESHOLD = re.compile(r"\s*(?P<metric>[^<>=@]+?)\s*(?P<sign>>=|<=)\s*(?P<bound>[^@]+?)\s*(?:@\s*(?P<slice>.+?)\s*)?")

LOWER_IS_BETTER = frozenset({"calibration_error"})
"""Metrics of which a lower value is better: `BlessingRule.bound` is an upper bound."""


def is_builtin_metric(name: str) -> bool:
    """Returns True for the names of `Scores.metrics()` that need no configuration.

    Example:
        >>> is_builtin_metric("entity_f1/PER"), is_builtin_metric("f1")
        (True, False)
    """
    return _METRICS.fullmatch(name) is not None


def metric_in_words(name: str) -> str:
    """Returns a metric in words; a metric of `evaluator.metrics` keeps its name.

    Example:
        >>> metric_in_words("entity_f1"), metric_in_words("entity_recall/PER")
        ('entity F1', 'entity recall of PER')
    """
    if not is_builtin_metric(name):
        return name
    metric, _, entity_type = name.partition("/")
    words = metric.replace("ent_type", "one_to_one_type").replace("_", " ").replace("f1", "F1")
    return f"{words} of {entity_type}" if entity_type else words


class BlessingRule(Settings):
    """Rule that a model must pass to be blessed; an entry of `evaluator.rules`.

    Attributes:
        metric: name of `Scores.metrics()`, such as `entity_f1` or `entity_recall/PER`, or of `evaluator.metrics`.
        slice: empty: all examples; `source=a.conll`: one slice; `source`: every slice of a column.
        bound: the worst accepted value: a minimum, or a maximum for `LOWER_IS_BETTER`; None: no bound.
        max_regression: the largest accepted loss against the champion; None: no limit.
        min_gain: the smallest accepted gain over the champion; None: no limit.
        significant: whether the gain over the champion must exceed the noise: its paired 95 % interval excludes 0.
        min_support: gold entities below which the rule does not apply to a slice; None: `evaluator.min_support`.

    Example:
        >>> BlessingRule(metric="entity_recall", slice="entity_seen=unseen", bound=0.3).column
        'entity_seen'
    """

    metric: str = "entity_f1"
    slice: str = ""
    bound: Share | None = None
    max_regression: Share | None = None
    min_gain: Share | None = None
    significant: bool = False
    min_support: NotNegative | None = None

    @model_validator(mode="after")
    def _has_a_bound(self) -> Self:
        if self.bound is None and self.max_regression is None and self.min_gain is None and not self.significant:
            raise ValueError("a rule needs bound, max_regression, min_gain or significant: true")
        return self

    @property
    def column(self) -> str:
        """The slicing column of the rule; empty for all examples."""
        return self.slice.partition("=")[0]

    @property
    def entity_type(self) -> str:
        """The entity type of the metric; empty for metrics of all types."""
        return self.metric.partition("/")[2] if is_builtin_metric(self.metric) else ""


def parse_threshold(text: str, min_support: int) -> BlessingRule:
    """Parses a threshold of `ner evaluate`, such as `entity_f1>=0.6` or `entity_f1>=0.6@window` (every window).

    Args:
        text: the threshold; `<=` for `calibration_error`.
        min_support: gold entities below which it does not apply.

    Raises:
        EvaluationError: the text has another form.

    Example:
        >>> parse_threshold("entity_f1>=0.6@window", 50).bound
        0.6
    """
    match = _THRESHOLD.fullmatch(text)
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


def require_known_types(rules: Iterable[BlessingRule], known: Collection[str], *, is_complete: bool) -> None:
    """Checks that the entity types of rules exist, because a rule on a type without examples does not apply.

    Args:
        rules: the rules.
        known: entity types of the model and the data.
        is_complete: whether these are all types of the model; otherwise only a type with a similar name is refused.

    Raises:
        EvaluationError: a rule names another type.

    Example:
        >>> require_known_types([BlessingRule(metric="entity_f1/LOC", bound=0.9)], ["LOC"], is_complete=True)
    """
    for rule in rules:
        if not rule.entity_type or rule.entity_type in known:
            continue
        close = difflib.get_close_matches(rule.entity_type, known, 3, 0.4 if is_complete else 0.8)
        if close or is_complete:
            fix = f"Use {_either(close or sorted(known))}." if known else "Correct the type."
            raise EvaluationError(
                f"threshold on {rule.metric}: neither model nor data have the entity type "
                f"{quoted(rule.entity_type)}. {fix}"
            )


def _either(names: Iterable[str]) -> str:
    return " or ".join(map(quoted, names))
