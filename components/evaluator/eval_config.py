"""TFMA configuration of the evaluation.

The TFX Evaluator passes only this configuration on to the extractor, so the settings travel in it as the configuration
of the metric.
"""

from __future__ import annotations

import json

from tensorflow_model_analysis.proto import config_pb2

from components.evaluator.settings import EvaluatorSettings
from components.keys import SERVING_EXAMPLES

_MODULE, _METRIC = "components.evaluator.tfma.entity_metrics", "EntityMetrics"


def eval_config(settings: EvaluatorSettings, training_entities: str = "", word_tags: str = "") -> config_pb2.EvalConfig:
    """Builds TFMA's configuration: signature of the model, metric and slices.

    It contains no thresholds. TFMA's thresholds have no minimum support, and apply only to metrics that are declared
    before the data is read, unlike those of single entity types: `components.evaluator.blessing.blessing` decides.

    Args:
        settings: settings of the Evaluator.
        training_entities: file of `TextHashes`, for the column `entity_seen`.
        word_tags: file with the tags of the floor (`components.evaluator.insights.training_labels`).
    """
    config = {
        "settings": settings.model_dump(mode="json"),
        "training_entities": training_entities,
        "word_tags": word_tags,
    }
    metric = config_pb2.MetricConfig(class_name=_METRIC, module=_MODULE, config=json.dumps(config))
    return config_pb2.EvalConfig(
        model_specs=[config_pb2.ModelSpec(signature_name=SERVING_EXAMPLES, label_key="tags")],
        slicing_specs=[
            config_pb2.SlicingSpec(),
            *(config_pb2.SlicingSpec(feature_keys=[column]) for column in settings.columns),
        ],
        metrics_specs=[config_pb2.MetricsSpec(metrics=[metric])],
    )


def parse_eval_config(config: config_pb2.EvalConfig) -> tuple[EvaluatorSettings, str, str]:
    """Returns the arguments of `eval_config`.

    Raises:
        ValueError: the configuration was not built by `eval_config`.
    """
    for spec in config.metrics_specs:
        for metric in spec.metrics:
            if metric.class_name == _METRIC:
                values = json.loads(metric.config)
                settings = EvaluatorSettings.model_validate(values["settings"])
                return settings, values["training_entities"], values["word_tags"]
    raise ValueError(f"the configuration has no metric {_METRIC}; build it with eval_config")
