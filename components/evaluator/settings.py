"""Settings of the Evaluator: the section `evaluator` of the configuration."""

from __future__ import annotations

import re

from pydantic import ValidationInfo, field_validator, model_validator
from typing_extensions import Self

from components.common.settings import Count, DottedPath, NotNegative, Settings, Share
from components.evaluator.blessing.rule import BlessingRule, is_builtin_metric

_METRIC_NAME = re.compile(r"[a-z][a-z0-9_]*")
_RESERVED = frozenset({"entity_support", "example_count", "blessed"})
"""Names of other values next to the metrics in TFMA's files and in artifact properties."""


class EvaluatorSettings(Settings):
    """Slices, intervals, metrics and blessing rules; configs/base.yaml explains each setting.

    Attributes:
        min_f1: smallest accepted entity F1 on all examples.
        max_regression: largest accepted loss of entity F1 on all examples against the champion.
        min_gain: smallest accepted gain of entity F1 on all examples over the champion; None: no limit.
        significant: whether that gain must exceed the noise.
        metrics: name -> dotted path of a `SentenceMetric` (`components.evaluator.counts.custom_metrics`).
        rules: further rules.
        min_support: gold entities below which a rule does not apply to a slice.
        slices: slicing columns: features, and any of `components.evaluator.counts.slicing.DERIVED`.
        sentence_length: upper ends of the ranges of the column `sentence_length`, in tokens.
        entity_length: upper ends of the ranges of the column `entity_length`, in tokens.
        bootstrap: bootstrap replicates behind the intervals; 0: no intervals.
    """

    min_f1: Share
    max_regression: Share
    min_gain: Share | None
    significant: bool
    metrics: dict[str, DottedPath]
    rules: tuple[BlessingRule, ...]
    min_support: NotNegative
    slices: tuple[str, ...]
    sentence_length: tuple[Count, ...]
    entity_length: tuple[Count, ...]
    bootstrap: NotNegative

    @field_validator("sentence_length", "entity_length")
    @classmethod
    def _rises(cls, uppers: tuple[int, ...]) -> tuple[int, ...]:
        if sorted(set(uppers)) != list(uppers):
            raise ValueError("must rise from one number to the next")
        return uppers

    @field_validator("metrics")
    @classmethod
    def _names_are_free(cls, metrics: dict[str, str]) -> dict[str, str]:
        for name in metrics:
            if is_builtin_metric(name) or name in _RESERVED:
                raise ValueError(f"the name {name!r} is taken by a built-in value. Choose another name")
            if not _METRIC_NAME.fullmatch(name):
                raise ValueError(f"the name {name!r} must consist of lower-case letters, digits and _")
        return metrics

    @field_validator("rules")
    @classmethod
    def _rules_name_metrics(cls, rules: tuple[BlessingRule, ...], info: ValidationInfo) -> tuple[BlessingRule, ...]:
        for rule in rules:
            if not is_builtin_metric(rule.metric) and rule.metric not in info.data.get("metrics", {}):
                raise ValueError(
                    f"{rule.metric!r} is not a metric. Use one of docs/evaluation.md, or define it in evaluator.metrics"
                )
        return rules

    @model_validator(mode="after")
    def _significance_needs_intervals(self) -> Self:
        if not self.bootstrap and any(rule.significant for rule in self.blessing_rules):
            raise ValueError("significant: true needs intervals. Set evaluator.bootstrap to 200, for example")
        return self

    @property
    def blessing_rules(self) -> tuple[BlessingRule, ...]:
        """The rule of the settings for all examples, then `rules`, each with its own or the common `min_support`."""
        overall = BlessingRule(
            bound=self.min_f1,
            max_regression=self.max_regression,
            min_gain=self.min_gain,
            significant=self.significant,
            min_support=1,
        )
        rules = (
            rule if rule.min_support is not None else rule.model_copy(update={"min_support": self.min_support})
            for rule in self.rules
        )
        return (overall, *rules)

    @property
    def named_types(self) -> dict[str, list[str]]:
        """The entity types that `rules` name, by setting."""
        types = sorted({rule.entity_type for rule in self.rules} - {""})
        return {"evaluator.rules": types} if types else {}

    @property
    def columns(self) -> tuple[str, ...]:
        """The slicing columns: `slices`, and those that only rules name."""
        return tuple(dict.fromkeys([*self.slices, *(rule.column for rule in self.rules if rule.column)]))
