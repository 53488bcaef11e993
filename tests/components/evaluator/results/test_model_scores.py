"""Scores of one model."""

from __future__ import annotations

import dataclasses

import pytest

from components.evaluator.results.model_scores import (
    Calibration,
    EntityScores,
    Estimate,
    Scores,
    TypedScores,
)

pytestmark = pytest.mark.extended


def entity_scores(value: float) -> EntityScores:
    return EntityScores(Estimate(value), Estimate(value + 0.01), Estimate(value + 0.02), 1, 1)


def test_metrics_have_flat_names():
    default = TypedScores(entity_scores(0.1), entity_scores(0.2), {"a/b": entity_scores(0.3)})
    strict = TypedScores(entity_scores(0.4), entity_scores(0.5), {})
    scores = Scores(1, 1, default, strict, entity_scores(0.6), entity_scores(0.7), {})
    values = {name: round(estimate.value, 2) for name, estimate in scores.metrics().items()}
    assert values == {
        "entity_precision": 0.1,
        "entity_recall": 0.11,
        "entity_f1": 0.12,
        "entity_macro_f1": 0.22,
        "strict_f1": 0.42,
        "boundary_f1": 0.62,
        "type_f1": 0.72,
        "entity_precision/a/b": 0.3,
        "entity_recall/a/b": 0.31,
        "entity_f1/a/b": 0.32,
    }
    more = dataclasses.replace(
        scores,
        token_accuracy=Estimate(0.9),
        calibration=Calibration(Estimate(0.05), ()),
        custom={"mine": Estimate(0.3)},
    )
    assert set(more.metrics()) - set(values) == {"token_accuracy", "calibration_error", "mine"}
