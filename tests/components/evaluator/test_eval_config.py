"""The evaluation's settings inside TFMA's configuration."""

from __future__ import annotations

import pytest
from tensorflow_model_analysis.proto import config_pb2

from components.evaluator.eval_config import eval_config, settings_of, with_training_entities
from components.evaluator.settings import EvaluationSettings

SETTINGS = EvaluationSettings(("source", "entity_seen"), (4,), (2,), 7)


def test_tfma_is_told_signature_slices_and_metric_and_no_threshold():
    config = eval_config(SETTINGS, signature="other")
    assert config.model_specs[0].signature_name == "other"
    assert [list(spec.feature_keys) for spec in config.slicing_specs] == [[], ["source"], ["entity_seen"]]
    ((metric,),) = (spec.metrics for spec in config.metrics_specs)
    assert (metric.module, metric.class_name) == ("components.evaluator.tfma.entity_metrics", "EntityMetrics")
    assert not metric.HasField("threshold")
    assert not metric.per_slice_thresholds


def test_settings_come_back():
    assert settings_of(eval_config(SETTINGS)) == SETTINGS


def test_the_file_of_training_entities_is_added_to_a_copy():
    config = eval_config(SETTINGS)
    changed = with_training_entities(config, "folder/file.npy")
    assert settings_of(changed).training_entities == "folder/file.npy"
    assert settings_of(changed).slices == SETTINGS.slices
    assert settings_of(config) == SETTINGS


def test_another_configuration_is_refused():
    with pytest.raises(ValueError, match="names no metric EntityMetrics"):
        settings_of(config_pb2.EvalConfig())
