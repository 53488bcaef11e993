"""Choice of the linear expert's features, compared with counting window by window."""

from __future__ import annotations

import collections

import numpy as np
import pytest
from absl import logging
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.lazy import LazyModule

linear_features = LazyModule("components.trainer.initial.linear_features")
OPTIONS = {
    "num_tags": 5, "vocab_size": 40, "num_cases": 7, "num_subwords": 64, "embed_dim": 8, "width": 8, "dilations": [1],
    "input_dropout": 0.0, "dropout": 0.0, "word_dropout": 0.0, "subword_dropout": 0.0,
    "linear_members": 2, "linear_dropout": 0.0,
}  # fmt: skip


def tagger(rows):
    from components.model.taggers import build_tagger

    return build_tagger("cnn_linear", linear_weights=5 * rows, **OPTIONS)


def owners(model):
    return model.linear.owners.numpy()


def frequent_features(model, table):
    """Features that occur at least twice, each window hashed on its own, and their counts."""
    from components.model.cnn_linear_tagger import columns

    counts = collections.Counter()
    pool = table.pool(range(len(table.block_windows)))
    for window in range(len(table)):
        batch = pool.batch(np.array([window]))
        counts.update(np.asarray(model.linear.hashes(columns(batch.features))).reshape(-1).tolist())
    assert 1 in counts.values()  # there is something to leave out
    return sorted((feature, count) for feature, count in counts.items() if count >= 2)


@pytest.mark.parametrize("rows", [64, 15_000])
def test_rows_belong_to_the_most_frequent_features_that_occur_twice_or_more(made_up, rows):
    model, expected = tagger(rows), tagger(rows)
    linear_features.choose_linear_features(model, made_up.train)
    features, counts = zip(*frequent_features(model, made_up.train), strict=True)
    expected.linear.choose_owners(np.array(features, np.uint32), np.array(counts))
    assert owners(model).any()
    np.testing.assert_array_equal(owners(model), owners(expected))


def test_the_number_of_windows_hashed_at_once_changes_nothing(made_up):
    whole, parts = tagger(256), tagger(256)
    linear_features.choose_linear_features(whole, made_up.train)
    linear_features.choose_linear_features(parts, made_up.train, windows=7)
    np.testing.assert_array_equal(owners(parts), owners(whole))


def test_earlier_features_keep_their_rows_unless_only_a_newer_one_occurs(made_up):
    model, hashes = tagger(64), np.array([feature for feature, _ in frequent_features(tagger(64), made_up.train)])
    rows = np.asarray(model.linear.rows_of(hashes.astype(np.uint32)))
    present = np.array([hashes[rows == row][0] for row in range(64)], np.uint32)  # not the most frequent of their rows
    absent = np.setdiff1d(np.random.default_rng(0).integers(1, 1 << 32, 500, dtype=np.uint32) | 1, hashes)
    earlier = np.concatenate([present[:32], absent])
    weights = linear_features.LinearWeights(earlier, np.ones((len(earlier), 5), np.float32))
    linear_features.choose_linear_features(model, made_up.train, weights)
    assert (owners(model)[:32] == present[:32]).all()
    assert np.isin(owners(model)[32:], hashes).all()


def test_an_empty_split_has_no_features(tmp_path):
    from components.trainer.data.window_table import WindowTable

    model = tagger(64)
    linear_features.choose_linear_features(model, WindowTable.write(tmp_path, []))
    assert not owners(model).any()


def test_a_tagger_without_a_linear_expert_does_not_change(made_up, cpu):
    model = made_up.model(cpu)
    before = model.get_weights()
    linear_features.choose_linear_features(model, made_up.train)
    assert all((new == old).all() for new, old in zip(model.get_weights(), before, strict=True))


def test_the_number_of_features_is_logged(made_up, monkeypatch):
    lines = []
    monkeypatch.setattr(logging, "info", lambda text, *args: lines.append(text % args))
    model = tagger(64)
    linear_features.choose_linear_features(model, made_up.train)
    frequent, kept = len(frequent_features(model, made_up.train)), np.count_nonzero(owners(model))
    assert lines == [f"linear features: {frequent} with 2 or more occurrences, {kept} are kept"]


@pytest.mark.parametrize("settings", ["cnn_linear"], indirect=True)
def test_training_chooses_features_and_keeps_one_table(trained):
    linear = trained.model.linear
    known = linear.owners.numpy() != 0
    assert known.any()
    table = linear.table.embeddings.numpy()
    assert table.shape[1] == len(trained.tags)
    assert table[known].any(axis=1).mean() > 0.99
    assert not table[~known].any()


@pytest.mark.extended
@pytest.mark.parametrize("linear_optimizer", ["adam", "lbfgs"])
def test_two_devices_have_the_same_features_and_train_alike(tmp_path, linear_optimizer):
    import json
    import sys

    from support import processes
    from support.repository import python_environment

    options = json.dumps({**OPTIONS, "linear_optimizer": linear_optimizer})
    command = [sys.executable, "-m", "support.linear_on_two_devices", str(tmp_path), options]
    result = processes.run(command, capture_output=True, text=True, env=python_environment())
    assert result.returncode == 0, result.stderr[-3000:]


LARGEST = (1 << 32) - 1
# Few different features, so that they recur, at both ends of 32 bits.
FEATURES = st.one_of(st.integers(1, 6), st.integers(LARGEST - 3, LARGEST))
PARTS = st.lists(st.lists(FEATURES, max_size=30), max_size=8)


def counted(parts, **options):
    counter = linear_features.FeatureCounter(**options)
    for part in parts:
        counter.add(np.array(part, np.uint32))
    return counter


def as_dict(hashes, counts):
    assert (hashes.dtype, counts.dtype) == (np.uint32, np.int64)
    assert (np.diff(hashes.astype(np.int64)) > 0).all()
    return dict(zip(hashes.tolist(), counts.tolist(), strict=True))


@settings(max_examples=50, suppress_health_check=[HealthCheck.too_slow])  # on a busy machine
@given(PARTS, st.integers(0, 5))
def test_counts_are_those_of_all_parts_together(parts, least):
    truth = collections.Counter(feature for part in parts for feature in part)
    expected = {feature: count for feature, count in truth.items() if count >= least}
    counter = counted(parts)
    assert as_dict(*counter.at_least(least)) == expected
    assert counter.counts_of(np.array([1, 2, LARGEST], np.uint32)).tolist() == [truth[1], truth[2], truth[LARGEST]]


@settings(max_examples=50)
@given(PARTS, st.integers(1, 4))
def test_beyond_the_limit_no_count_is_too_high(parts, limit):
    truth = collections.Counter(feature for part in parts for feature in part)
    kept = as_dict(*counted(parts, limit=limit).at_least(0))
    assert len(kept) == min(limit, len(truth))
    assert all(count <= truth[feature] for feature, count in kept.items())


@settings(max_examples=50)
@given(PARTS, st.integers(1, 4))
def test_beyond_the_limit_features_that_are_always_frequent_have_exact_counts(parts, limit):
    frequent = range(100, 100 + limit)
    parts = [[*part, *[feature for feature in frequent for _ in range(40)]] for part in parts]
    kept = as_dict(*counted(parts, limit=limit).at_least(1))
    assert kept == ({feature: 40 * len(parts) for feature in frequent} if parts else {})


def test_memory_is_bounded():
    counter, random = linear_features.FeatureCounter(limit=1000), np.random.default_rng(0)
    for _ in range(20):
        counter.add(random.integers(0, 1 << 32, (50, 100), dtype=np.uint32))
        assert len(counter) == 1000
