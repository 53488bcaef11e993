"""From the configuration to what the Evaluator is told."""

from __future__ import annotations

from components.evaluator.blessing.rule import Rule
from components.evaluator.settings import EvaluationSettings
from configs.spec import PipelineConfig


def blessing_rules(config: PipelineConfig) -> list[Rule]:
    """The rules of `evaluator.rules`, after the two that always decide, on all examples."""
    section = config.evaluator
    always = Rule("entity_f1", min=section.min_f1, max_regression=section.max_regression)
    more = [
        Rule(
            metric=rule.metric,
            slice=rule.slice,
            min=rule.min,
            max_regression=rule.max_regression,
            min_support=section.min_support if rule.min_support is None else rule.min_support,
        )
        for rule in section.rules
    ]
    return [always, *more]


def evaluation_settings(config: PipelineConfig) -> EvaluationSettings:
    """What is sliced by, columns that only rules name included, and how often sentences are resampled."""
    section = config.evaluator
    columns = [rule.column for rule in blessing_rules(config) if rule.column]
    return EvaluationSettings(
        slices=tuple(dict.fromkeys([*section.slices, *columns])),
        sentence_length=section.sentence_length,
        entity_length=section.entity_length,
        bootstrap=section.bootstrap,
    )
