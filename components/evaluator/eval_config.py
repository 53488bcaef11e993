"""TFMA configuration of the evaluation.

The TFX Evaluator passes only this configuration on to the extractor, so the settings travel in it as the configuration
of the metric.
"""

from __future__ import annotations

from tensorflow_model_analysis.proto import config_pb2

from components.common.settings import Settings
from components.evaluator.settings import EvaluatorSettings
from components.keys import SERVING_EXAMPLES

_MODULE, _METRIC = "components.evaluator.tfma.entity_metrics", "EntityMetrics"


class ExtractorSettings(Settings):
    """Settings of the extractor.

    Attributes:
        evaluator: settings of the Evaluator.
        training_entities: file of `TextHashes`, for the column `entity_seen`; empty: none.
        word_tags: file with the tags of the floor (`components.evaluator.insights.training_labels`); empty: none.
    """

    evaluator: EvaluatorSettings
    training_entities: str = ""
    word_tags: str = ""


def eval_config(settings: ExtractorSettings) -> config_pb2.EvalConfig:
    """Builds TFMA's configuration: signature of the model, metric and slices.

    It contains no thresholds. TFMA's thresholds have no minimum support, and apply only to metrics that are declared
    before the data is read, unlike those of single entity types: `components.evaluator.blessing.blessing` decides.
    """
    metric = config_pb2.MetricConfig(class_name=_METRIC, module=_MODULE, config=settings.model_dump_json())
    return config_pb2.EvalConfig(
        model_specs=[config_pb2.ModelSpec(signature_name=SERVING_EXAMPLES, label_key="tags")],
        slicing_specs=[
            config_pb2.SlicingSpec(),
            *(config_pb2.SlicingSpec(feature_keys=[column]) for column in settings.evaluator.columns),
        ],
        metrics_specs=[config_pb2.MetricsSpec(metrics=[metric])],
    )


def parse_eval_config(config: config_pb2.EvalConfig) -> ExtractorSettings:
    """Returns the argument of `eval_config`.

    Raises:
        ValueError: the configuration was not built by `eval_config`.
    """
    for spec in config.metrics_specs:
        for metric in spec.metrics:
            if metric.class_name == _METRIC:
                return ExtractorSettings.model_validate_json(metric.config)
    raise ValueError(f"the configuration has no metric {_METRIC}; build it with eval_config")
