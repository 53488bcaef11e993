"""Compares two data sets by TensorFlow Data Validation's comparators.

The counts are handed over as TFDV's statistics, so the distances, and what a schema may ask for, are TFDV's own. The
share of unknown words is a difference of two numbers, for which TFDV has no comparator.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from components.drift_validator.data_profile import DataProfile
from components.drift_validator.drift import Drift
from components.drift_validator.drift_report import DriftReport
from components.drift_validator.drift_thresholds import DriftThresholds

TYPES, LENGTHS, UNKNOWN = "entity types", "sentence length", "unknown words"

_UNLIMITED = 1e9  # TFDV measures only what has a threshold


def compare(
    reference: DataProfile,
    other: DataProfile,
    thresholds: DriftThresholds,
    names: tuple[str, str],
    schema: Any = None,
    skew: bool = False,
) -> DriftReport:
    """Measures how far a data set lies from an earlier one.

    Args:
        reference: of the earlier data, with its training split.
        other: of the new data.
        thresholds: how far it may.
        names: what to call the two.
        schema: a `Schema` of the examples; `drift_comparator` of a metadata column, or with `skew` its
            `skew_comparator`, goes before `thresholds.columns`.
        skew: whether the new data are requests, and not a later span.

    Returns:
        A distance for everything that both data sets have.
    """
    counts = {TYPES: (reference.labels, other.labels), LENGTHS: (reference.lengths, other.lengths)}
    for name in sorted(set(reference.columns) & set(other.columns)):
        counts[name] = (reference.columns[name], other.columns[name])
    counts = {what: pair for what, pair in counts.items() if all(pair)}
    limits = _validation_schema(list(counts), thresholds, schema, skew)
    drifts = _by_tfdv(counts, names, limits, skew) + _unknown_words(reference, other, names, thresholds.unknown)
    sentences = (reference.sentences, other.sentences)
    return DriftReport(tuple(drifts), min(sentences) >= thresholds.min_sentences, sentences)


def _unknown_words(
    reference: DataProfile, other: DataProfile, names: tuple[str, str], limit: float | None
) -> list[Drift]:
    before, now = reference.unknown_share(), reference.unknown_share(other)
    if before is None or now is None:
        return []
    detail = f"{before:.1%} of the tokens that were held out, {now:.1%} of these"
    return [Drift(UNKNOWN, *names, now - before, "rise of their share", detail, limit)]


def _validation_schema(whats: list[str], thresholds: DriftThresholds, schema: Any, skew: bool) -> Any:
    """A schema whose features are what is compared, with the comparators that say by what measure and how far."""
    from tensorflow_metadata.proto.v0 import schema_pb2

    made = schema_pb2.Schema()
    given = {feature.name: feature for feature in schema.feature} if schema is not None else {}
    side = "skew_comparator" if skew else "drift_comparator"
    for what in whats:
        feature = made.feature.add(name=what, type=schema_pb2.BYTES)
        comparator = getattr(feature, side)
        own = given.get(what)
        if own is not None and own.HasField(side):
            comparator.CopyFrom(getattr(own, side))
        elif what == LENGTHS:
            comparator.jensen_shannon_divergence.threshold = _limit(thresholds.length)
        else:
            limit = thresholds.types if what == TYPES else thresholds.columns
            comparator.infinity_norm.threshold = _limit(limit)
    return made


def _limit(value: float | None) -> float:
    return _UNLIMITED if value is None else value


def _by_tfdv(
    counts: Mapping[str, tuple[Any, Any]], data_names: tuple[str, str], schema: Any, skew: bool
) -> list[Drift]:
    import tensorflow_data_validation as tfdv
    from tensorflow_metadata.proto.v0 import anomalies_pb2

    if not counts:
        return []
    before, now = (_statistics({what: pair[side] for what, pair in counts.items()}) for side in (0, 1))
    other = {"serving_statistics": now} if skew else {"previous_statistics": before}
    anomalies = tfdv.validate_statistics(before if skew else now, schema, **other)
    measures = {anomalies_pb2.DriftSkewInfo.Measurement.L_INFTY: "L-infinity distance"}
    measures[anomalies_pb2.DriftSkewInfo.Measurement.JENSEN_SHANNON_DIVERGENCE] = "Jensen-Shannon divergence"
    found = []
    for info in anomalies.drift_skew_info:
        what = info.path.step[0]
        for measurement in info.skew_measurements if skew else info.drift_measurements:
            limit = None if measurement.threshold >= _UNLIMITED else measurement.threshold
            measure = measures.get(measurement.type, "distance")
            detail = _largest_change(*counts[what])
            found.append(Drift(what, *data_names, measurement.value, measure, detail, limit))
    return sorted(found, key=lambda drift: list(counts).index(drift.what))


def _statistics(counts: Mapping[str, Mapping[str, int]]) -> Any:
    """Counts as the statistics that TFDV would have computed of them."""
    from tensorflow_metadata.proto.v0 import statistics_pb2

    made = statistics_pb2.DatasetFeatureStatisticsList()
    dataset = made.datasets.add()
    for what, values in counts.items():
        total = sum(values.values())
        dataset.num_examples = max(dataset.num_examples, total)
        feature = dataset.features.add(type=statistics_pb2.FeatureNameStatistics.STRING)
        feature.path.step.append(what)
        strings = feature.string_stats
        strings.unique = len(values)
        common = strings.common_stats
        common.num_non_missing = common.tot_num_values = total
        common.min_num_values = common.max_num_values = common.avg_num_values = 1
        for rank, (value, count) in enumerate(sorted(values.items(), key=lambda item: (-item[1], item[0]))):
            strings.rank_histogram.buckets.add(low_rank=rank, high_rank=rank, label=value, sample_count=count)
    return made


def _largest_change(before: Mapping[str, int], now: Mapping[str, int]) -> str:
    """The value whose share changed most, with both shares."""
    totals = (sum(before.values()), sum(now.values()))
    shares = {
        value: (before.get(value, 0) / totals[0], now.get(value, 0) / totals[1]) for value in sorted({*before, *now})
    }
    value = max(shares, key=lambda name: abs(shares[name][1] - shares[name][0]))
    return f"{value}: {shares[value][0]:.1%} to {shares[value][1]:.1%}"
