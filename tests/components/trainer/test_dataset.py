"""Batches of windows."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_transform as tft

from components.text.windows import Windows
from components.trainer.dataset import batches, window_dataset
from components.transform.features import MODEL_FEATURES


@pytest.fixture(scope="module")
def spec(transformed):
    return tft.TFTransformOutput(transformed.graph).transformed_feature_spec()


def test_every_token_is_read_once_when_sentences_fit(transformed, spec):
    rows = list(window_dataset(transformed.files, spec, Windows(16, 2)).as_numpy_iterator())
    assert len(rows) == 300
    for features, tags in rows:
        assert all(len(features[name]) == len(tags) for name in MODEL_FEATURES)
        assert (tags > 0).all()


def test_long_sentences_give_several_windows_and_lose_nothing(transformed, spec):
    whole = window_dataset(transformed.files, spec, Windows(16, 0))
    cut = window_dataset(transformed.files, spec, Windows(3, 0))
    total = sum(len(tags) for _, tags in whole.as_numpy_iterator())
    lengths = [len(tags) for _, tags in cut.as_numpy_iterator()]
    assert max(lengths) <= 3
    assert sum(lengths) == total


def test_batches_hold_every_window_and_pad_with_zero(transformed, spec):
    dataset = window_dataset(transformed.files, spec, Windows(16, 2))
    rows = 0
    for features, tags in batches(dataset, 32, 16, seed=1).as_numpy_iterator():
        rows += len(tags)
        assert len(tags) <= 32
        np.testing.assert_array_equal(features["word_ids"] == 0, tags == 0)
    assert rows == 300


def test_order_changes_each_epoch_and_repeats_with_the_seed(transformed, spec):
    def epochs(seed):
        dataset = batches(window_dataset(transformed.files, spec, Windows(16, 2)), 32, 16, seed=seed)
        return [tf.concat([tf.reshape(tags, [-1]) for _, tags in dataset], 0).numpy().tolist() for _ in range(2)]

    first, again, other = epochs(3), epochs(3), epochs(4)
    assert first == again
    assert first[0] != first[1]
    assert first != other
