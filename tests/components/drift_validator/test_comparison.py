"""Distances with the meaning of TFDV's comparators."""

from __future__ import annotations

import random
from collections import Counter

import pytest

from components.common.errors import NerError
from components.drift_validator.comparison import NamedProfile, compare
from components.drift_validator.data_profile import DataProfile
from components.drift_validator.settings import DriftSettings

LIMITS = DriftSettings(action="stop", min_sentences=10, types=0.2, length=0.2, columns=0.2, unknown=0.2, requests=None)


def profile(labels=None, lengths=None, columns=None, words=None, held_out=None, sentences=100):
    return DataProfile(
        sentences=sentences,
        tokens=1000,
        labels=Counter({"PER": 6, "LOC": 4} if labels is None else labels),
        lengths=Counter({"0-5": 50, "6-10": 50} if lengths is None else lengths),
        columns={name: Counter(counts) for name, counts in (columns or {}).items()},
        words=Counter(words or {"a": 90, "b": 10}),
        held_out_words=Counter(held_out or {"a": 9, "c": 1}),
    )


def report(before, now, limits=LIMITS, **options):
    return compare(NamedProfile("before", before), NamedProfile("now", now), limits, **options)


def drifts(before, now, **options):
    return {drift.what: drift for drift in report(before, now, **options).drifts}


def test_equal_data_has_no_distance():
    same = report(profile(columns={"genre": {"web": 3}}), profile(columns={"genre": {"web": 9}}))
    assert [drift.what for drift in same.drifts] == ["entity types", "sentence length", "genre", "unknown words"]
    assert [round(drift.distance, 6) for drift in same.drifts[:3]] == [0, 0, 0]
    assert not same.drifted


@pytest.mark.parametrize("kind", ["drift", "skew"])
def test_types_are_compared_by_share_with_the_largest_change(kind):
    drift = drifts(profile(), profile(labels={"PER": 10, "LOC": 60, "ORG": 30}), kind=kind)["entity types"]
    assert drift.distance == pytest.approx(0.5)  # PER from 6/10 to 1/10
    assert drift.detail == "PER: 60.0 % to 10.0 %"
    assert (drift.measure, drift.limit, drift.exceeded) == ("L-infinity distance", 0.2, True)
    assert (drift.reference, drift.other) == ("before", "now")


def test_lengths_are_compared_by_divergence():
    drift = drifts(profile(), profile(lengths={"51-100": 100}))["sentence length"]
    assert drift.measure == "Jensen-Shannon divergence"
    assert drift.distance == pytest.approx(1.0)
    assert drift.exceeded


def test_unknown_words_are_compared_with_the_held_out_splits():
    drift = drifts(profile(), profile(words={"a": 1, "x": 1}, held_out={"y": 2}))["unknown words"]
    assert drift.distance == pytest.approx(3 / 4 - 1 / 10)
    assert drift.detail == "champion's held-out text 10.0 %, new text 75.0 %"


def test_properties_missing_on_one_side_are_not_compared():
    columns = {"genre": {"web": 1}}
    assert set(drifts(profile(columns=columns), profile(labels={}))) == {"sentence length", "unknown words"}


def test_distances_without_a_limit_are_reported():
    limits = LIMITS.model_copy(update=dict.fromkeys(("types", "length", "columns", "unknown")))
    unlimited = report(profile(), profile(labels={"ORG": 1}, lengths={">100": 1}), limits)
    assert [drift.limit for drift in unlimited.drifts] == [None, None, None]
    assert [round(drift.distance, 3) for drift in unlimited.drifts[:2]] == [1.0, 1.0]
    assert not unlimited.drifted


@pytest.mark.parametrize(("kind", "limit"), [("drift", 0.9), ("skew", 0.3)])
def test_comparators_of_the_schema_override_the_setting(kind, limit):
    from tensorflow_metadata.proto.v0 import schema_pb2

    schema = schema_pb2.Schema()
    feature = schema.feature.add(name="genre", type=schema_pb2.BYTES)
    feature.drift_comparator.infinity_norm.threshold = 0.9
    feature.skew_comparator.infinity_norm.threshold = 0.3
    pair = profile(columns={"genre": {"web": 1}}), profile(columns={"genre": {"news": 1, "web": 1}})
    drift = drifts(*pair, schema=schema, kind=kind)["genre"]
    assert drift.limit == pytest.approx(limit)
    assert drift.distance == pytest.approx(0.5)


def test_columns_may_have_any_name():
    pair = [profile(columns={"labels": {"a": 1}, "weg/ort.x": {value: 1}}) for value in "ab"]
    compared = drifts(*pair)
    assert (compared["labels"].distance, compared["weg/ort.x"].distance) == (0, 1)


def test_limits_do_not_apply_to_few_sentences():
    few = report(profile(), profile(labels={"ORG": 1}, sentences=9))
    assert few.exceeded
    assert not few.enough
    assert not few.drifted


@pytest.mark.extended
@pytest.mark.parametrize("kind", ["drift", "skew"])
def test_distances_are_those_of_tfdv(kind):
    import tensorflow_data_validation as tfdv
    from google.protobuf import text_format
    from tensorflow_metadata.proto.v0 import schema_pb2, statistics_pb2

    rng = random.Random(0)

    def statistics(counts):
        listed = statistics_pb2.DatasetFeatureStatisticsList()
        dataset = listed.datasets.add(num_examples=sum(counts.values()))
        feature = dataset.features.add(type=statistics_pb2.FeatureNameStatistics.STRING)
        feature.path.step.append("genre")
        common = feature.string_stats.common_stats
        common.num_non_missing = common.tot_num_values = sum(counts.values())
        common.min_num_values = common.max_num_values = common.avg_num_values = 1
        feature.string_stats.unique = len(counts)
        for rank, (value, count) in enumerate(sorted(counts.items(), key=lambda item: -item[1])):
            feature.string_stats.rank_histogram.buckets.add(
                low_rank=rank, high_rank=rank, label=value, sample_count=count
            )
        return listed

    text = (
        f'feature {{ name: "genre" type: BYTES {kind}_comparator {{ '
        "infinity_norm { threshold: 0.1 } jensen_shannon_divergence { threshold: 0.1 } } }"
    )
    schema = text_format.Parse(text, schema_pb2.Schema())
    for _ in range(20):
        before, now = (
            {f"value {n}": rng.randint(1, 500) for n in rng.sample(range(30), rng.randint(1, 30))} for _ in range(2)
        )
        named = (
            {"serving_statistics": statistics(now)} if kind == "skew" else {"previous_statistics": statistics(before)}
        )
        anomalies = tfdv.validate_statistics(statistics(before if kind == "skew" else now), schema, **named)
        (info,) = anomalies.drift_skew_info
        expected = [each.value for each in getattr(info, f"{kind}_measurements")]
        ours = report(profile(columns={"genre": before}), profile(columns={"genre": now}), schema=schema, kind=kind)
        distances = [drift.distance for drift in ours.drifts if drift.what == "genre"]
        assert len(distances) == 2
        assert sorted(distances) == pytest.approx(sorted(expected), abs=1e-12)


def test_a_comparator_that_does_not_measure_texts_is_an_error():
    from google.protobuf import text_format
    from tensorflow_metadata.proto.v0 import schema_pb2

    text = 'feature { name: "genre" type: BYTES drift_comparator { } }'
    schema = text_format.Parse(text, schema_pb2.Schema())
    data = profile(columns={"genre": {"web": 3}})
    with pytest.raises(NerError, match="schema: drift_comparator of genre has no infinity_norm or jensen"):
        report(data, data, schema=schema)
