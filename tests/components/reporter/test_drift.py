"""Distances between data sets."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.reporter.drift import drift_between
from components.reporter.split_summary import SplitSummary

LENGTHS = tuple(float(n) for n in range(1, 12))


def split(name="train", entities=None, lengths=LENGTHS, columns=None):
    return SplitSummary(name, 10, 100, {"PER": 6, "LOC": 4} if entities is None else entities, lengths, columns or {})


def distances(*arguments, **options):
    return {drift.what: drift.distance for drift in drift_between(*arguments, **options)}


def test_equal_data_has_no_distance():
    columns = {"genre": {"web": 3, "news": 7}}
    found = drift_between(split(columns=columns), split("test", columns=columns))
    assert {drift.what for drift in found} == {"entity types", "genre", "sentence length"}
    assert [drift.distance for drift in found] == [0, 0, 0]
    assert not any(drift.notable for drift in found)


def test_types_are_compared_by_share_and_the_largest_change_is_told():
    [drift] = drift_between(split(lengths=()), split("test", {"PER": 10, "LOC": 60, "ORG": 30}, lengths=()))
    assert drift.distance == pytest.approx(0.5)  # PER from 6/10 to 1/10
    assert drift.detail == "PER: 60.0% to 10.0%"
    assert (drift.reference, drift.other, drift.measure) == ("train", "test", "L-infinity")
    assert drift.notable


def test_a_type_on_one_side_only_counts_with_its_share():
    assert distances(split(), split(entities={"ORG": 3}))["entity types"] == 1.0


def test_longer_sentences_are_a_distance():
    shorter, longer = split(), split(lengths=tuple(n + 100 for n in LENGTHS))
    assert distances(shorter, longer)["sentence length"] == pytest.approx(1.0)
    assert distances(longer, shorter)["sentence length"] == pytest.approx(1.0)
    half = split(lengths=tuple(n + 5 for n in LENGTHS))
    assert distances(shorter, half)["sentence length"] == pytest.approx(0.4)  # 0.5 or so, of which 0.4 is sure
    assert distances(half, shorter)["sentence length"] == pytest.approx(0.4)


def test_many_sentences_of_one_length_are_a_step():
    same = split(lengths=(4.0,) * 11)
    assert distances(same, split(lengths=(4.0,) * 11))["sentence length"] == 0
    assert distances(same, split(lengths=(5.0,) * 11))["sentence length"] == 1


def test_samples_of_the_same_sentences_do_not_drift():
    one, other = (5, 5, 5, 6, 6, 6, 6, 7, 7, 8, 9), (5, 5, 5, 5, 6, 6, 6, 7, 8, 8, 9)
    assert distances(split(lengths=one), split(lengths=other))["sentence length"] == pytest.approx(0)


@given(
    st.lists(st.integers(1, 30), min_size=200, max_size=200), st.lists(st.integers(1, 30), min_size=200, max_size=200)
)
def test_the_distance_is_never_more_than_the_true_one(before, after):
    deciles = [tuple(np.quantile(lengths, np.linspace(0, 1, 11), method="inverted_cdf")) for lengths in (before, after)]
    found = distances(split(lengths=deciles[0]), split(lengths=deciles[1]))["sentence length"]
    true = max(abs(sum(n <= x for n in before) - sum(n <= x for n in after)) / 200 for x in range(31))
    assert true - 0.2 <= found <= true + 1e-9


def test_what_one_side_lacks_is_not_compared():
    assert distances(split(entities={}, lengths=(), columns={"a": {"x": 1}}), split()) == {}


def test_names_can_be_given():
    [drift, _] = drift_between(split(), split(), ("champion's train", "train"))
    assert (drift.reference, drift.other) == ("champion's train", "train")
