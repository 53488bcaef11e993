"""TFMA configuration of the evaluation."""

from __future__ import annotations

import pytest
from support.evaluation import evaluator_settings
from support.lazy import LazyModule

pytestmark = pytest.mark.extended

module = LazyModule("components.evaluator.eval_config")


def test_configuration_has_signature_slices_and_metric_but_no_threshold():
    settings = evaluator_settings(slices=("source", "entity_seen"))
    config = module.eval_config(module.ExtractorSettings(evaluator=settings))
    assert config.model_specs[0].signature_name == "serving_examples"
    assert [list(spec.feature_keys) for spec in config.slicing_specs] == [[], ["source"], ["entity_seen"]]
    ((metric,),) = (spec.metrics for spec in config.metrics_specs)
    assert (metric.module, metric.class_name) == ("components.evaluator.tfma.entity_metrics", "EntityMetrics")
    assert not metric.HasField("threshold")
    assert not metric.per_slice_thresholds


def test_settings_can_be_read_back():
    settings = evaluator_settings(rules=[{"slice": "topic", "max_regression": 0.1}], metrics={"mine": "a:b"})
    own = module.ExtractorSettings(evaluator=settings, training_entities="a.npy", word_tags="b.json")
    assert module.parse_eval_config(module.eval_config(own)) == own


def test_other_configurations_are_refused():
    from tensorflow_model_analysis.proto import config_pb2

    with pytest.raises(ValueError, match="has no metric EntityMetrics"):
        module.parse_eval_config(config_pb2.EvalConfig())
