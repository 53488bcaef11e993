"""A saved TFMA evaluation as plain values and words."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tensorflow_model_analysis.proto.config_pb2 import MetricThreshold, SlicingSpec
    from tensorflow_model_analysis.proto.metrics_for_slice_pb2 import MetricsForSlice, SliceKey
    from tensorflow_model_analysis.proto.validation_result_pb2 import ValidationMetricsFailure, ValidationResult

ALL_EXAMPLES = "all examples"
"""Name of the slice that everything is in."""

_BASELINE = "baseline"  # the name that TFMA gives the second model


def collect_scores(metrics: Iterable[MetricsForSlice]) -> dict[str, Any]:
    """Sorts the metrics of an evaluation by model, slice and type.

    Args:
        metrics: what TFMA saved, one message a slice.

    Returns:
        `{"overall": {name: value}, "per_type": {type: {"precision", "recall", "f1", "support"}}, "slices":
        {"source=a": {"overall": …, "per_type": …}}, "baseline": {"overall": …, "per_type": …} or None}`. `overall` and
        `per_type` are empty when no example was evaluated; differences between the models are left out.
    """
    scores: dict[str, Any] = {"overall": {}, "per_type": {}, "slices": {}, "baseline": None}
    for of_slice in metrics:
        name = slice_name(of_slice.slice_key)
        candidate, baseline = _of_slice(of_slice)
        if name == ALL_EXAMPLES:
            scores |= candidate
            scores["baseline"] = baseline if baseline["overall"] else None
        else:
            scores["slices"][name] = candidate
    scores["slices"] = dict(sorted(scores["slices"].items()))
    return scores


def failures_in_words(validation: ValidationResult) -> list[str]:
    """Says for each threshold that a model did not meet: metric, slice, value and threshold.

    Args:
        validation: what TFMA saved of the check of the thresholds.

    Returns:
        One line a failure; none when every threshold was met.
    """
    lines = []
    for of_slice in validation.metric_validations_per_slice:
        lines += [_in_words(failure, slice_name(of_slice.slice_key)) for failure in of_slice.failures]
    lines += [f"no example was evaluated of the slice {_spec_name(spec)}" for spec in validation.missing_slices]
    return lines


def slice_name(key: SliceKey) -> str:
    """The slice as `feature=value, feature=value`, or `ALL_EXAMPLES`."""
    return ", ".join(f"{single.column}={_slice_value(single)}" for single in key.single_slice_keys) or ALL_EXAMPLES


def _of_slice(of_slice: MetricsForSlice) -> tuple[dict[str, dict[str, Any]], dict[str, dict[str, Any]]]:
    candidate: dict[str, dict[str, Any]] = {"overall": {}, "per_type": {}}
    baseline: dict[str, dict[str, Any]] = {"overall": {}, "per_type": {}}
    for metric in of_slice.metric_keys_and_values:
        if metric.key.is_diff or not metric.value.HasField("double_value"):
            continue
        scores = baseline if metric.key.model_name == _BASELINE else candidate
        value = metric.value.double_value.value
        name, _, entity_type = metric.key.name.partition("/")
        if entity_type:
            measure = name.removeprefix("entity_")
            scores["per_type"].setdefault(entity_type, {})[measure] = int(value) if measure == "support" else value
        else:
            scores["overall"][name] = value
    return candidate, baseline


def _slice_value(single: Any) -> str:
    kind = single.WhichOneof("kind")
    value = getattr(single, kind) if kind else ""
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return f"{value:g}" if isinstance(value, float) else str(value)


def _spec_name(spec: SlicingSpec) -> str:
    names = [*spec.feature_keys, *(f"{key}={value}" for key, value in spec.feature_values.items())]
    return ", ".join(names) or ALL_EXAMPLES


def _in_words(failure: ValidationMetricsFailure, of_slice: str) -> str:
    name = failure.metric_key.name
    if failure.message.strip():
        return f"{name} of {of_slice} could not be checked: {' '.join(failure.message.split())}"
    value, threshold = failure.metric_value.double_value.value, failure.metric_threshold
    if threshold.HasField("change_threshold"):
        return f"{name} of {of_slice} changed by {value:+.4f} against the champion; {_allowed_change(threshold)}"
    return f"{name} of {of_slice} is {value:.4f}; {_allowed_values(threshold)}"


def _allowed_values(threshold: MetricThreshold) -> str:
    bounds = threshold.value_threshold
    least = [f"at least {bounds.lower_bound.value:.4f}"] if bounds.HasField("lower_bound") else []
    most = [f"at most {bounds.upper_bound.value:.4f}"] if bounds.HasField("upper_bound") else []
    return f"{' and '.join(least + most)} is needed"


def _allowed_change(threshold: MetricThreshold) -> str:
    change = threshold.change_threshold
    absolute = [f"{change.absolute.value:+.4f}"] if change.HasField("absolute") else []
    relative = [f"{change.relative.value:+.2%}"] if change.HasField("relative") else []
    return f"no worse than {' and '.join(absolute + relative)} is needed"
