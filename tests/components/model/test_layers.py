"""Layers of the transformer tagger."""

from __future__ import annotations

import numpy as np
import pytest
from support.lazy import LazyModule

keras = LazyModule("keras")
token_and_position_embedding = LazyModule("components.model.token_and_position_embedding")
transformer_block = LazyModule("components.model.transformer_block")
word_dropout = LazyModule("components.model.word_dropout")

IDS = np.array([[3, 1, 2, 0], [4, 0, 0, 0]], "int32")
VECTORS = np.random.default_rng(0).normal(size=(2, 4, 8)).astype("float32")


def test_token_and_position_embedding_contract(check_layer):
    layer = check_layer(
        lambda **kw: token_and_position_embedding.TokenAndPositionEmbedding(6, 5, 8, **kw), IDS, (2, 4, 8)
    )
    assert keras.ops.convert_to_numpy(layer.compute_mask(IDS)).tolist() == (IDS != 0).tolist()
    assert [tuple(w.shape) for w in layer.weights] == [(5, 8), (6, 8)]


@pytest.mark.extended
def test_transformer_block_contract(check_layer):
    check_layer(lambda **kw: transformer_block.TransformerBlock(8, 2, 16, **kw), VECTORS, (2, 4, 8))


def test_transformer_block_ignores_padding():
    block = transformer_block.TransformerBlock(8, 2, 16)
    mask = np.array([[True, True, False, False]] * 2)
    noisy = VECTORS.copy()
    noisy[:, 2:] = 1e3
    clean, other = block(VECTORS, mask=mask), block(noisy, mask=mask)
    np.testing.assert_array_equal(clean[:, :2], other[:, :2])


@pytest.mark.extended
def test_transformer_block_on_padding_only_is_finite():
    assert np.isfinite(transformer_block.TransformerBlock(8, 2, 16)(VECTORS, mask=np.zeros((2, 4), bool))).all()


@pytest.mark.extended
def test_transformer_block_rejects_heads_that_do_not_divide_the_width():
    with pytest.raises(ValueError, match="3 heads for width 8"):
        transformer_block.TransformerBlock(8, 3, 16)


def test_word_dropout_contract(check_layer):
    check_layer(lambda **kw: word_dropout.WordDropout(0.5, **kw), IDS, (2, 4))


def test_word_dropout_applies_in_training_only():
    ids = np.tile(np.array([[5, 6, 0]], "int64"), (2000, 1))
    layer = word_dropout.WordDropout(0.3, seed=1)
    np.testing.assert_array_equal(layer(ids), ids)
    dropped = keras.ops.convert_to_numpy(layer(ids, training=True))
    assert (dropped[:, 2] == 0).all()
    assert 0.25 < (dropped[:, :2] == 1).mean() < 0.35
