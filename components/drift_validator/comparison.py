"""Comparison of two data profiles by the comparators of TensorFlow Data Validation (TFDV).

The counts are converted to TFDV statistics, so distances and the comparators of a schema are TFDV's. For the share of
unknown words, a difference of two numbers, TFDV has no comparator.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, NamedTuple

from components.drift_validator.data_profile import DataProfile
from components.drift_validator.drift_report import Drift, DriftReport
from components.drift_validator.settings import DriftSettings

TYPES, LENGTHS, UNKNOWN = "entity types", "sentence length", "unknown words"

Kind = Literal["drift", "skew"]
"""TFDV's terms: drift compares training data over time, skew compares training data with requests."""

_NO_LIMIT = 1e9  # TFDV measures only features that have a threshold


class NamedProfile(NamedTuple):
    """A data set and its name in reports."""

    name: str
    profile: DataProfile


class _Counts(NamedTuple):
    reference: Mapping[str, int]
    other: Mapping[str, int]


def compare(
    reference: NamedProfile,
    other: NamedProfile,
    settings: DriftSettings,
    schema: Any = None,
    kind: Kind = "drift",
) -> DriftReport:
    """Measures the distance of a data set from an earlier one.

    tests/components/drift_validator/test_comparison.py shows the distances.

    Args:
        reference: the earlier data, with its training split.
        other: the new data.
        settings: the limits.
        schema: `Schema` of the examples; the `drift_comparator` or `skew_comparator` of a metadata column overrides
            `settings.columns`.
        kind: `drift` for a later corpus, `skew` for requests.

    Returns:
        One distance for each property that both data sets have.
    """
    old, new = reference.profile, other.profile
    counts = {TYPES: _Counts(old.labels, new.labels), LENGTHS: _Counts(old.lengths, new.lengths)}
    for column in sorted(set(old.columns) & set(new.columns)):
        counts[column] = _Counts(old.columns[column], new.columns[column])
    counts = {what: pair for what, pair in counts.items() if all(pair)}
    drifts = [
        Drift(what, reference.name, other.name, distance, measure, _largest_change(counts[what]), limit)
        for what, distance, measure, limit in _distances(counts, _schema(list(counts), settings, schema, kind), kind)
    ]
    before, now = old.unknown_share(), old.unknown_share(new)
    if before is not None and now is not None:
        detail = f"{before:.1%} of the held-out tokens, {now:.1%} of these"
        measure = "rise of their share"
        drifts.append(Drift(UNKNOWN, reference.name, other.name, now - before, measure, detail, settings.unknown))
    sentences = (old.sentences, new.sentences)
    return DriftReport(tuple(drifts), min(sentences) >= settings.min_sentences, sentences)


def _schema(properties: list[str], settings: DriftSettings, schema: Any, kind: Kind) -> Any:
    """Builds a schema with one feature per property, whose comparator has the measure and the limit."""
    from tensorflow_metadata.proto.v0 import schema_pb2

    built = schema_pb2.Schema()
    declared = {feature.name: feature for feature in schema.feature} if schema is not None else {}
    field = f"{kind}_comparator"
    for what in properties:
        comparator = getattr(built.feature.add(name=what, type=schema_pb2.BYTES), field)
        feature = declared.get(what)
        if feature is not None and feature.HasField(field):
            comparator.CopyFrom(getattr(feature, field))
        elif what == LENGTHS:
            comparator.jensen_shannon_divergence.threshold = _limit(settings.length)
        else:
            limit = settings.types if what == TYPES else settings.columns
            comparator.infinity_norm.threshold = _limit(limit)
    return built


def _limit(value: float | None) -> float:
    return _NO_LIMIT if value is None else value


def _distances(counts: Mapping[str, _Counts], schema: Any, kind: Kind) -> list[tuple[str, float, str, float | None]]:
    """Returns (property, distance, measure, limit) from TFDV, in the order of `counts`."""
    import tensorflow_data_validation as tfdv
    from tensorflow_metadata.proto.v0 import anomalies_pb2

    if not counts:
        return []
    old = _statistics({what: pair.reference for what, pair in counts.items()})
    new = _statistics({what: pair.other for what, pair in counts.items()})
    if kind == "skew":
        anomalies = tfdv.validate_statistics(old, schema, serving_statistics=new)
    else:
        anomalies = tfdv.validate_statistics(new, schema, previous_statistics=old)
    measures = {
        anomalies_pb2.DriftSkewInfo.Measurement.L_INFTY: "L-infinity distance",
        anomalies_pb2.DriftSkewInfo.Measurement.JENSEN_SHANNON_DIVERGENCE: "Jensen-Shannon divergence",
    }
    distances = []
    for info in anomalies.drift_skew_info:
        for measurement in info.skew_measurements if kind == "skew" else info.drift_measurements:
            limit = None if measurement.threshold >= _NO_LIMIT else measurement.threshold
            measure = measures.get(measurement.type, "distance")
            distances.append((info.path.step[0], measurement.value, measure, limit))
    return sorted(distances, key=lambda distance: list(counts).index(distance[0]))


def _statistics(counts: Mapping[str, Mapping[str, int]]) -> Any:
    """Converts counts to the statistics that TFDV would compute of such data."""
    from tensorflow_metadata.proto.v0 import statistics_pb2

    statistics = statistics_pb2.DatasetFeatureStatisticsList()
    dataset = statistics.datasets.add()
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
    return statistics


def _largest_change(counts: _Counts) -> str:
    """Describes the value whose share changed most, with both shares."""
    before, now = _shares(counts.reference), _shares(counts.other)
    value = max(sorted({*before, *now}), key=lambda name: abs(now.get(name, 0) - before.get(name, 0)))
    return f"{value}: {before.get(value, 0):.1%} to {now.get(value, 0):.1%}"


def _shares(counts: Mapping[str, int]) -> dict[str, float]:
    total = sum(counts.values())
    return {value: count / total for value, count in counts.items()}
