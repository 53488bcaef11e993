"""Distances by TFDV's comparators."""

from __future__ import annotations

from collections import Counter

import pytest
from tensorflow_metadata.proto.v0 import schema_pb2

from components.drift_validator.comparison import compare
from components.drift_validator.data_profile import DataProfile
from components.drift_validator.drift_thresholds import DriftThresholds

LIMITS = DriftThresholds("stop", 10, types=0.2, length=0.2, columns=0.2, unknown=0.2)
NAMES = ("before", "now")


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


def found(*arguments, **options):
    report = compare(*arguments, LIMITS, NAMES, **options)
    return {drift.what: drift for drift in report.drifts}


def test_equal_data_has_no_distance():
    report = compare(profile(columns={"genre": {"web": 3}}), profile(columns={"genre": {"web": 9}}), LIMITS, NAMES)
    assert [drift.what for drift in report.drifts] == ["entity types", "sentence length", "genre", "unknown words"]
    assert [round(drift.distance, 6) for drift in report.drifts[:3]] == [0, 0, 0]
    assert not report.drifted


@pytest.mark.parametrize("skew", [False, True])
def test_types_are_compared_by_share_and_the_largest_change_is_told(skew):
    drift = found(profile(), profile(labels={"PER": 10, "LOC": 60, "ORG": 30}), skew=skew)["entity types"]
    assert drift.distance == pytest.approx(0.5)  # PER from 6/10 to 1/10
    assert drift.detail == "PER: 60.0% to 10.0%"
    assert (drift.measure, drift.limit, drift.exceeded) == ("L-infinity distance", 0.2, True)
    assert (drift.reference, drift.other) == NAMES


def test_other_lengths_are_a_divergence():
    drift = found(profile(), profile(lengths={"51-100": 100}))["sentence length"]
    assert drift.measure == "Jensen-Shannon divergence"
    assert drift.distance == pytest.approx(1.0)
    assert drift.exceeded


def test_unknown_words_are_measured_against_what_the_champion_met_when_it_was_held_out():
    drift = found(profile(), profile(words={"a": 1, "x": 1}, held_out={"y": 2}))["unknown words"]
    assert drift.distance == pytest.approx(3 / 4 - 1 / 10)
    assert drift.detail == "10.0% of the tokens that were held out, 75.0% of these"


def test_what_one_side_lacks_is_not_compared():
    columns = {"genre": {"web": 1}}
    assert set(found(profile(columns=columns), profile(labels={}))) == {"sentence length", "unknown words"}


def test_without_a_limit_the_distance_is_still_told():
    limits = DriftThresholds("stop", 10, None, None, None, None)
    report = compare(profile(), profile(labels={"ORG": 1}, lengths={">100": 1}), limits, NAMES)
    assert [drift.limit for drift in report.drifts] == [None, None, None]
    assert [round(drift.distance, 3) for drift in report.drifts[:2]] == [1.0, 1.0]
    assert not report.drifted


@pytest.mark.parametrize(("skew", "limit"), [(False, 0.9), (True, 0.3)])
def test_a_comparator_of_the_schema_goes_before_the_setting(skew, limit):
    schema = schema_pb2.Schema()
    feature = schema.feature.add(name="genre", type=schema_pb2.BYTES)
    feature.drift_comparator.infinity_norm.threshold = 0.9
    feature.skew_comparator.infinity_norm.threshold = 0.3
    pair = profile(columns={"genre": {"web": 1}}), profile(columns={"genre": {"news": 1, "web": 1}})
    drift = found(*pair, schema=schema, skew=skew)["genre"]
    assert drift.limit == pytest.approx(limit)
    assert drift.distance == pytest.approx(0.5)


def test_a_column_may_be_called_as_it_likes():
    pair = [profile(columns={"labels": {"a": 1}, "weg/ort.x": {value: 1}}) for value in "ab"]
    drifts = found(*pair)
    assert (drifts["labels"].distance, drifts["weg/ort.x"].distance) == (0, 1)


def test_few_sentences_prove_nothing():
    report = compare(profile(), profile(labels={"ORG": 1}, sentences=9), LIMITS, NAMES)
    assert report.exceeded
    assert not report.enough
    assert not report.drifted
