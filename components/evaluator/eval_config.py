"""The evaluation's settings as TFMA wants them."""

from __future__ import annotations

import json

from tensorflow_model_analysis.proto import config_pb2

from components.evaluator.settings import EvaluationSettings

METRIC = "EntityMetrics"
_MODULE = "components.evaluator.tfma.entity_metrics"


def eval_config(settings: EvaluationSettings, signature: str = "serving_examples") -> config_pb2.EvalConfig:
    """Builds TFMA's configuration: the model's signature, the metric and the slices.

    It holds no thresholds. TFMA's know no minimum support, and only apply to metrics that are declared before the data
    is seen, which those of single entity types are not: `components.evaluator.blessing.blessing` decides.

    Args:
        settings: slices and bootstrap.
        signature: signature of the exported model that takes serialized Examples.
    """
    return config_pb2.EvalConfig(
        model_specs=[config_pb2.ModelSpec(signature_name=signature, label_key="tags")],
        slicing_specs=[
            config_pb2.SlicingSpec(),
            *(config_pb2.SlicingSpec(feature_keys=[name]) for name in settings.slices),
        ],
        metrics_specs=[config_pb2.MetricsSpec(metrics=[_metric(settings)])],
    )


def settings_of(config: config_pb2.EvalConfig) -> EvaluationSettings:
    """Reads the settings back.

    Raises:
        ValueError: the configuration was not built by `eval_config`.
    """
    for spec in config.metrics_specs:
        for metric in spec.metrics:
            if metric.class_name == METRIC:
                return EvaluationSettings.from_json(json.loads(metric.config)["settings"])
    raise ValueError(f"the configuration names no metric {METRIC}; build it with eval_config")


def with_training_entities(config: config_pb2.EvalConfig, path: str) -> config_pb2.EvalConfig:
    """A copy of the configuration that names the file of the training entities."""
    settings = EvaluationSettings(**{**vars(settings_of(config)), "training_entities": path})
    changed = config_pb2.EvalConfig()
    changed.CopyFrom(config)
    for spec in changed.metrics_specs:
        for metric in spec.metrics:
            if metric.class_name == METRIC:
                metric.CopyFrom(_metric(settings))
    return changed


def _metric(settings: EvaluationSettings) -> config_pb2.MetricConfig:
    return config_pb2.MetricConfig(
        class_name=METRIC, module=_MODULE, config=json.dumps({"settings": settings.to_json()})
    )
