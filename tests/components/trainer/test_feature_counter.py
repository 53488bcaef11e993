"""Counts of features, held against `collections.Counter`."""

from __future__ import annotations

import collections

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.trainer.feature_counter import FeatureCounter

LARGEST = (1 << 32) - 1
# Few different ones, so that they come again, at both ends of what 32 bits hold.
FEATURES = st.one_of(st.integers(1, 6), st.integers(LARGEST - 3, LARGEST))
PARTS = st.lists(st.lists(FEATURES, max_size=30), max_size=8)


def counted(parts, **options):
    counter = FeatureCounter(**options)
    for part in parts:
        counter.add(np.array(part, np.uint32))
    return counter


def as_dict(hashes, counts):
    assert (hashes.dtype, counts.dtype) == (np.uint32, np.int64)
    assert (np.diff(hashes.astype(np.int64)) > 0).all()
    return dict(zip(hashes.tolist(), counts.tolist(), strict=True))


@given(PARTS, st.integers(0, 5))
def test_counts_are_those_of_all_parts_together(parts, least):
    truth = collections.Counter(feature for part in parts for feature in part)
    expected = {feature: count for feature, count in truth.items() if count >= least}
    assert as_dict(*counted(parts).at_least(least)) == expected


@given(PARTS, st.integers(1, 4))
def test_in_little_memory_some_are_kept_and_none_is_counted_too_often(parts, most):
    truth = collections.Counter(feature for part in parts for feature in part)
    kept = as_dict(*counted(parts, most=most).at_least(0))
    assert len(kept) == min(most, len(truth))
    assert all(count <= truth[feature] for feature, count in kept.items())


@given(PARTS, st.integers(1, 4))
def test_what_is_frequent_in_each_part_is_counted_right_in_little_memory(parts, most):
    frequent = range(100, 100 + most)
    parts = [[*part, *[feature for feature in frequent for _ in range(40)]] for part in parts]
    kept = as_dict(*counted(parts, most=most).at_least(1))
    assert kept == ({feature: 40 * len(parts) for feature in frequent} if parts else {})


@given(st.lists(FEATURES, min_size=1, max_size=60), st.integers(1, 4))
def test_the_most_frequent_of_one_part_are_kept(part, most):
    kept = as_dict(*counted([part], most=most).at_least(0))
    truth = collections.Counter(part)
    assert sorted(kept.values()) == sorted(count for _, count in truth.most_common(most))
    assert all(truth[feature] == count for feature, count in kept.items())


@pytest.mark.parametrize("shape", [(0,), (0, 3), (2, 3), (2, 1, 3)])
def test_features_come_in_any_shape(shape):
    counter = FeatureCounter()
    counter.add(np.full(shape, 7, np.uint32))
    total = int(np.prod(shape))
    assert as_dict(*counter.at_least(0)) == ({7: total} if total else {})


def test_memory_stays_bounded():
    counter, random = FeatureCounter(most=1000), np.random.default_rng(0)
    for _ in range(20):
        counter.add(random.integers(0, 1 << 32, 5000, dtype=np.uint32))
        arrays = [value for value in vars(counter).values() if isinstance(value, np.ndarray)]
        assert sum(array.size for array in arrays) <= 2 * 1000
