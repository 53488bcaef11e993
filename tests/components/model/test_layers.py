"""Layers of the taggers."""

from __future__ import annotations

import numpy as np
import pytest
from support.lazy import LazyModule

keras = LazyModule("keras")
layers = LazyModule("components.model.layers")

IDS = np.array([[3, 1, 2, 0], [4, 0, 0, 0]], "int32")
VECTORS = np.random.default_rng(0).normal(size=(2, 6, 8)).astype("float32")
SUBWORDS = np.random.default_rng(0).integers(1, 31, (2, 4, 3)).astype("int32")


def test_word_dropout_saves_and_loads(check_layer):
    check_layer(lambda **kw: layers.WordDropout(0.5, **kw), IDS, (2, 4))


def test_word_dropout_applies_in_training_only():
    ids = np.tile(np.array([[5, 6, 0]], "int64"), (2000, 1))
    layer = layers.WordDropout(0.3, seed=1)
    np.testing.assert_array_equal(layer(ids), ids)
    dropped = keras.ops.convert_to_numpy(layer(ids, training=True))
    assert (dropped[:, 2] == 0).all()
    assert 0.25 < (dropped[:, :2] == 1).mean() < 0.35


def test_context_block_saves_loads_and_trains(check_layer):
    check_layer(lambda **kw: layers.ContextBlock(8, 2, 0.1, **kw), VECTORS, (2, 6, 8))


def test_subword_embedding_saves_loads_and_trains(check_layer):
    check_layer(lambda **kw: layers.SubwordEmbedding(31, 8, 0.5, **kw), SUBWORDS, (2, 4, 8))


def test_context_block_depends_on_both_neighbours_only():
    for dilation in [1, 2, 9]:
        block = layers.ContextBlock(8, dilation)
        changed = VECTORS.copy()
        changed[:, 3] += 1
        differs = np.abs(keras.ops.convert_to_numpy(block(VECTORS) - block(changed))).max((0, 2)) > 1e-6
        assert np.flatnonzero(differs).tolist() == [i for i in range(6) if i in (3 - dilation, 3, 3 + dilation)]


def test_context_block_keeps_padding_at_zero():
    mask = np.array([[True] * 4 + [False] * 2] * 2)
    assert not keras.ops.convert_to_numpy(layers.ContextBlock(8)(VECTORS, mask=mask))[:, 4:].any()


def test_context_block_rejects_dilation_0():
    with pytest.raises(ValueError, match="got 0"):
        layers.ContextBlock(8, 0)


@pytest.mark.extended
def test_subword_dropout_applies_in_training_only():
    layer = layers.SubwordEmbedding(31, 8, 0.5, seed=1)
    ids = np.ones((1, 2000, 1), "int32")
    assert keras.ops.convert_to_numpy(layer(ids)).any(-1).all()
    kept = keras.ops.convert_to_numpy(layer(ids, training=True)).any(-1).mean()
    assert 0.45 < kept < 0.55
