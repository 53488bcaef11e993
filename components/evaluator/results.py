"""A saved TFMA evaluation as plain values."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from components.evaluator.counts.slicing import ENTITY_LENGTH, ENTITY_SEEN, slice_order
from components.evaluator.results.evaluation import ALL, Comparison, Level, Mistake, Scores, Slice

if TYPE_CHECKING:
    from tensorflow_model_analysis.proto.metrics_for_slice_pb2 import MetricsForSlice, SliceKey


def comparisons(
    metrics: Iterable[MetricsForSlice], columns: Sequence[str]
) -> tuple[Comparison | None, tuple[Comparison, ...], tuple[Mistake, ...]]:
    """Reads what `EntityMetrics` found.

    Args:
        metrics: what TFMA saved, one message a slice.
        columns: what was sliced by, in the order in which slices are to come.

    Returns:
        All examples (None when none was evaluated), each slice, and the candidate's mistakes.
    """
    overall: Comparison | None = None
    mistakes: tuple[Mistake, ...] = ()
    slices = []
    for message in metrics:
        comparison, of_slice = _comparison(message)
        if comparison is None:
            continue
        if comparison.slice.name == ALL:
            overall, mistakes = comparison, of_slice
        else:
            slices.append(comparison)
    order = slice_order(columns)
    return overall, tuple(sorted(slices, key=lambda comparison: order(comparison.slice))), mistakes


def _comparison(message: MetricsForSlice) -> tuple[Comparison | None, tuple[Mistake, ...]]:
    from components.evaluator.tfma.entity_metrics import CHANGES_JSON, MISTAKES_JSON, SCORES_JSON
    from components.evaluator.tfma.extractor import BASELINE

    found: dict[str, Any] = {}
    models: dict[bool, Scores] = {}  # is the baseline -> scores
    for metric in message.metric_keys_and_values:
        if not metric.value.HasField("bytes_value"):
            continue
        if metric.key.name == "scores":
            models[metric.key.model_name == BASELINE] = SCORES_JSON.validate_json(metric.value.bytes_value)
        else:
            found[metric.key.name] = metric.value.bytes_value
    if False not in models:
        return None, ()
    changes = CHANGES_JSON.validate_json(found["changes"]) if "changes" in found else {}
    mistakes = MISTAKES_JSON.validate_json(found["mistakes"]) if "mistakes" in found else ()
    return Comparison(_slice(message.slice_key), models[False], models.get(True), changes), mistakes


def _slice(key: SliceKey) -> Slice:
    for single in key.single_slice_keys:
        level: Level = "entity" if single.column in (ENTITY_SEEN, ENTITY_LENGTH) else "sentence"
        return Slice(single.column, single.bytes_value.decode("utf-8", "replace"), level)
    return Slice()
