"""Which features the linear expert keeps, held against counting them window by window."""

from __future__ import annotations

import collections
import subprocess
import sys
import textwrap
from pathlib import Path

import keras
import numpy as np
import pytest
from absl import logging
from hypothesis import given
from hypothesis import strategies as st

from components.model.cnn_linear_tagger import columns
from components.model.taggers import build_tagger
from components.trainer.data.window_table import WindowTable
from components.trainer.initial import linear_features
from components.trainer.initial.linear_features import FeatureCounter, choose_linear_features

OPTIONS = {
    "num_tags": 5, "vocab_size": 40, "num_cases": 7, "num_subwords": 64, "embed_dim": 8, "width": 8, "dilations": [1],
    "input_dropout": 0.0, "dropout": 0.0, "word_dropout": 0.0, "subword_dropout": 0.0,
    "linear_members": 2, "linear_dropout": 0.0,
}  # fmt: skip


def tagger(rows):
    return build_tagger("cnn_linear", linear_weights=5 * rows, **OPTIONS)


def owners(model):
    return model.linear.owners.numpy()


def frequencies(model, table):
    """How often each feature stands in the windows, each window on its own."""
    counts = collections.Counter()
    pool = table.pool(range(len(table.block_windows)))
    for window in range(len(table)):
        batch = pool.batch(np.array([window]))
        counts.update(np.asarray(model.linear.hashes(columns(batch.features))).reshape(-1).tolist())
    return counts


@pytest.mark.parametrize("rows", [64, 15_000])
def test_rows_belong_to_the_most_frequent_features_that_stand_twice_or_more(made_up, rows):
    model = tagger(rows)
    rows = model.linear.rows
    choose_linear_features(model, made_up.train)
    counts = frequencies(model, made_up.train)
    here = collections.defaultdict(dict)
    for feature, count in counts.items():
        if count >= 2:
            [row] = keras.ops.convert_to_numpy(model.linear._rows_of(np.array([feature], np.uint32)))
            here[row][feature] = count
    found = owners(model)
    assert {row for row in range(rows) if found[row]} == set(here)
    assert all(here[row][found[row]] == max(here[row].values()) for row in here)
    assert 1 in counts.values()  # there was something to leave out


@pytest.mark.parametrize(("windows", "together"), [(1, 1), (7, 1), (7, 4), (150, 8), (7, 1000)])
def test_how_many_windows_are_counted_at_once_changes_nothing(made_up, monkeypatch, windows, together):
    whole, parts = tagger(256), tagger(256)
    choose_linear_features(whole, made_up.train)
    monkeypatch.setattr(linear_features, "_WINDOWS", windows)
    monkeypatch.setattr(linear_features, "_TOGETHER", together)
    choose_linear_features(parts, made_up.train)
    np.testing.assert_array_equal(owners(parts), owners(whole))


def test_windows_of_any_order_give_the_same_features(made_up, tmp_path):
    pool = made_up.train.pool(range(len(made_up.train.block_windows)))
    windows = [pool.batch(np.array([number])) for number in range(len(made_up.train))]
    chunks = [
        (np.array([batch.tags.size]), {**{k: ids[0] for k, ids in batch.features.items()}, "tag_ids": batch.tags[0]})
        for batch in windows[::-1]
    ]
    backwards = WindowTable.write(tmp_path, chunks)
    one, other = tagger(256), tagger(256)
    choose_linear_features(one, made_up.train)
    choose_linear_features(other, backwards)
    np.testing.assert_array_equal(owners(other), owners(one))


def test_no_windows_no_features(tmp_path):
    model = tagger(64)
    choose_linear_features(model, WindowTable.write(tmp_path, []))
    assert not owners(model).any()


def test_a_tagger_without_a_linear_expert_stays_as_it_is(made_up, cpu):
    model = made_up.model(cpu)
    before = model.get_weights()
    choose_linear_features(model, made_up.train)
    assert all((new == old).all() for new, old in zip(model.get_weights(), before, strict=True))


def test_how_many_features_are_kept_is_said(made_up, monkeypatch):
    said = []
    monkeypatch.setattr(logging, "info", lambda text, *args: said.append(text % args))
    model = tagger(64)
    choose_linear_features(model, made_up.train)
    frequent = sum(count >= 2 for count in frequencies(model, made_up.train).values())
    assert said == [f"linear features: {frequent} stand 2 times or more, {np.count_nonzero(owners(model))} are kept"]


@pytest.mark.parametrize("settings", ["cnn_linear"], indirect=True)
def test_training_chooses_features_and_keeps_one_table_of_them(trained):
    linear = trained.model.linear
    known = linear.owners.numpy() != 0
    assert known.any()
    table = linear.table.embeddings.numpy()
    assert table.shape[1] == len(trained.tags)
    assert table[known].any(axis=1).mean() > 0.99
    assert not table[~known].any()


PROGRAM = """
import sys
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from components.model.cnn_linear_tagger import columns
from components.model.taggers import build_tagger, tagger_loss
from components.trainer.loop.optimizer import Adam
from components.trainer.devices import Devices
from components.trainer.initial.linear_features import choose_linear_features
from components.trainer.trained_model import plain_copy
from components.trainer.loop.training_step import TrainingStep, supervised, weights_of
from made_up_corpus import MadeUp

cpu = tf.config.list_physical_devices("CPU")[0]
tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
made_up = MadeUp(Path(sys.argv[1]))
results = []
for strategy in (tf.distribute.OneDeviceStrategy("/cpu:0"), tf.distribute.MirroredStrategy(["/cpu:0", "/cpu:1"])):
    devices = Devices(strategy)
    keras.utils.set_random_seed(7)
    with strategy.scope():
        model = build_tagger("cnn_linear", linear_weights=5 * 256, **OPTIONS)
    choose_linear_features(model, made_up.train)
    optimizer = Adam(weights_of(model), lambda step: 0.01, strategy)
    step = TrainingStep(model, supervised(tagger_loss("cnn_linear", made_up.tags)), optimizer, devices, 1.0)
    # The second batch has one window: one of two devices has nothing to do.
    batches = list(made_up.batches(size=149).epoch(0))
    assert sorted(len(batch.tags) for batch in batches) == [1, 149]
    losses = [float(step(batch)) for batch in batches * 2]
    copies = strategy.experimental_local_results(model.linear.owners.value)
    assert len(copies) == devices.replicas
    assert all((copy.numpy() == copies[0].numpy()).all() for copy in copies)
    plain = plain_copy(model)
    results.append((losses, plain.get_weights(), plain(batches[0].features).numpy()))
(losses, weights, logits), (mirrored_losses, mirrored_weights, mirrored_logits) = results
assert losses[-2] < losses[0]
np.testing.assert_allclose(mirrored_losses, losses, rtol=1e-4)
for mine, theirs in zip(mirrored_weights, weights, strict=True):
    np.testing.assert_allclose(mine, theirs, atol=1e-3)
np.testing.assert_allclose(mirrored_logits[..., 1:], logits[..., 1:], atol=1e-2)
assert any(weight.dtype == np.int64 and weight.any() for weight in weights)
"""


def test_two_devices_know_the_same_features_and_train_alike(tmp_path):
    program = f"import sys\nsys.path.insert(0, {str(Path(__file__).parent)!r})\nOPTIONS = {OPTIONS!r}\n"
    command = [sys.executable, "-c", program + textwrap.dedent(PROGRAM), str(tmp_path)]
    result = subprocess.run(command, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr[-3000:]


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
