"""The evaluation's settings as TFMA wants them."""

from __future__ import annotations

from collections.abc import Sequence

# Not from the package's top level: it lacks PerSliceMetricThreshold in the newer TFMA.
from tensorflow_model_analysis.proto import config_pb2

# 0.90 - 0.91 is -0.010000000000000009: without this, a loss of exactly the margin would count as more.
_ROUNDING = 1e-9


def eval_config(
    min_f1: float,
    max_regression: float | None,
    slices: Sequence[str] = (),
    signature: str = "serving_examples",
) -> config_pb2.EvalConfig:
    """Builds the configuration of the Evaluator: the metrics, the slices and what a model is blessed for.

    Both thresholds hold for all examples together; slices are reported and do not decide.

    Args:
        min_f1: the least micro-averaged entity F1 (0 to 1) of a model that is blessed.
        max_regression: how much lower than the champion's the F1 may be (absolute, 0 to 1); None compares nothing.
            Without a champion TFMA leaves this threshold out.
        slices: names of Example features; the metrics are also computed for each of their values.
        signature: signature of the exported model that takes serialized Examples.

    Returns:
        The configuration.

    Raises:
        ValueError: a threshold is outside 0 to 1.
    """
    for name, value in (("min_f1", min_f1), ("max_regression", max_regression)):
        if value is not None and not 0 <= value <= 1:
            raise ValueError(f"{name} must be between 0 and 1, got {value}")
    return config_pb2.EvalConfig(
        model_specs=[config_pb2.ModelSpec(signature_name=signature, label_key="tags")],
        slicing_specs=[config_pb2.SlicingSpec(), *(config_pb2.SlicingSpec(feature_keys=[name]) for name in slices)],
        metrics_specs=[
            config_pb2.MetricsSpec(
                metrics=[config_pb2.MetricConfig(class_name="ExampleCount"), _entity_metrics(min_f1, max_regression)]
            )
        ],
    )


def _entity_metrics(min_f1: float, max_regression: float | None) -> config_pb2.MetricConfig:
    threshold = config_pb2.MetricThreshold(
        value_threshold=config_pb2.GenericValueThreshold(lower_bound={"value": min_f1})
    )
    if max_regression is not None:
        threshold.change_threshold.direction = config_pb2.MetricDirection.HIGHER_IS_BETTER
        threshold.change_threshold.absolute.value = -max_regression - _ROUNDING
    return config_pb2.MetricConfig(
        class_name="EntityMetrics",
        module="components.evaluator.entity_metrics",
        # MetricConfig.threshold would apply to every slice, and the empty slicing spec is all examples together.
        per_slice_thresholds=[
            config_pb2.PerSliceMetricThreshold(slicing_specs=[config_pb2.SlicingSpec()], threshold=threshold)
        ],
    )
