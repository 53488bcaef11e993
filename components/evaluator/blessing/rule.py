"""One rule of the blessing."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterable, Sequence

METRIC_PATTERN = (
    r"^(entity_(precision|recall|f1)(/.+)?|entity_macro_f1|strict_f1|boundary_f1|type_f1|token_accuracy"
    r"|calibration_error)$"
)
"""Names of `Scores.metrics()`."""

LOWER_IS_BETTER = frozenset({"calibration_error"})
"""Metrics of which less is better: `Rule.min` is the most that they may be."""


@dataclasses.dataclass(frozen=True)
class Rule:
    """What a metric must reach.

    Attributes:
        metric: a name of `Scores.metrics()`, such as `entity_f1` or `entity_recall/PER`.
        slice: where: empty for all examples, `source=a.conll` for one slice, `source` for each slice of a column.
        min: the least that the metric may be (of `LOWER_IS_BETTER` the most); None demands nothing.
        max_regression: the most that it may be worse than the champion's; None compares nothing.
        min_support: gold entities that a slice needs for the rule to decide there.
    """

    metric: str
    slice: str = ""
    min: float | None = None
    max_regression: float | None = None
    min_support: int = 1

    @property
    def column(self) -> str:
        """The column of the slices that the rule is about; empty for all examples."""
        return self.slice.partition("=")[0]


def rules_to_json(rules: Iterable[Rule]) -> str:
    """Rules as text, for a component's parameter."""
    return json.dumps([dataclasses.asdict(rule) for rule in rules], sort_keys=True)


def rules_from_json(text: str) -> Sequence[Rule]:
    """Reads what `rules_to_json` gave."""
    return [Rule(**values) for values in json.loads(text)]
