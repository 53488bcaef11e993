"""The evaluation's settings."""

from __future__ import annotations

import pytest

from components.evaluator.eval_config import eval_config


def thresholds(config):
    metrics = {metric.class_name: metric for metric in config.metrics_specs[0].metrics}
    assert not metrics["ExampleCount"].per_slice_thresholds
    assert not metrics["EntityMetrics"].HasField("threshold")  # would hold for every slice
    (only,) = metrics["EntityMetrics"].per_slice_thresholds
    (spec,) = only.slicing_specs
    assert not spec.feature_keys
    return only.threshold


def test_thresholds_hold_for_all_examples_only():
    config = eval_config(min_f1=0.6, max_regression=0.02, slices=["source", "domain"], signature="other")
    threshold = thresholds(config)
    assert threshold.value_threshold.lower_bound.value == 0.6
    assert threshold.change_threshold.absolute.value == pytest.approx(-0.02)
    assert [list(spec.feature_keys) for spec in config.slicing_specs] == [[], ["source"], ["domain"]]
    assert config.model_specs[0].signature_name == "other"


def test_loss_of_exactly_the_margin_is_allowed():
    assert 0.90 - 0.91 < -0.01  # floating point
    assert thresholds(eval_config(0.0, 0.01)).change_threshold.absolute.value <= 0.90 - 0.91


def test_no_comparison_without_a_margin():
    assert not thresholds(eval_config(min_f1=0.6, max_regression=None)).HasField("change_threshold")


@pytest.mark.parametrize(
    ("min_f1", "max_regression", "text"), [(60, 0.1, "min_f1 .* got 60"), (0.5, -0.1, "max_regression .* got -0.1")]
)
def test_thresholds_outside_0_to_1_are_refused(min_f1, max_regression, text):
    with pytest.raises(ValueError, match=text):
        eval_config(min_f1, max_regression)
