"""The transformer tagger and its layers."""

from __future__ import annotations

import numpy as np
import pytest
from support.lazy import LazyModule

keras = LazyModule("keras")
taggers = LazyModule("components.model.taggers")
transformer_tagger = LazyModule("components.model.transformer_tagger")

SIZES = {
    "num_tags": 5, "vocab_size": 11, "num_cases": 7, "maxlen": 16,
    "embed_dim": 8, "num_heads": 2, "ff_dim": 8, "rate": 0.1, "word_dropout": 0.05,
}  # fmt: skip
IDS = np.array([[3, 1, 2, 0], [4, 0, 0, 0]], "int32")
VECTORS = np.random.default_rng(0).normal(size=(2, 4, 8)).astype("float32")


def features(lengths, width):
    rng = np.random.default_rng(3)
    real = np.arange(width)[None] < np.array(lengths)[:, None]
    return {
        "word_ids": np.where(real, rng.integers(1, 11, real.shape), 0).astype("int32"),
        "case_ids": np.where(real, rng.integers(1, 7, real.shape), 0).astype("int32"),
    }


def test_the_tagger_saves_loads_and_trains_in_every_precision(check_layer):
    check_layer(lambda **kw: transformer_tagger.TransformerTagger(**SIZES, **kw), features([4, 1], 4), (2, 4, 5))


def test_logits_do_not_depend_on_the_batch():
    model = taggers.build_tagger("transformer", **SIZES)
    batch = features([7, 3, 0, 12], 12)
    together = keras.ops.convert_to_numpy(model(batch))
    for row, length in enumerate([7, 3, 0, 12]):
        alone = {name: ids[row : row + 1, : max(length, 1)] for name, ids in batch.items()}
        np.testing.assert_allclose(model(alone)[0, :length], together[row, :length], atol=1e-6)


def test_padding_is_never_predicted():
    model = taggers.build_tagger("transformer", **SIZES)
    assert (np.argmax(keras.ops.convert_to_numpy(model(features([16] * 8, 16))), -1) > 0).all()


def test_all_weights_exist_before_the_first_call():
    built = taggers.build_tagger("transformer", **SIZES)
    count = len(built.weights)
    built(features([2], 2))
    assert len(built.weights) == count > 0


def test_token_and_position_embedding_contract(check_layer):
    layer = check_layer(lambda **kw: transformer_tagger.TokenAndPositionEmbedding(6, 5, 8, **kw), IDS, (2, 4, 8))
    assert keras.ops.convert_to_numpy(layer.compute_mask(IDS)).tolist() == (IDS != 0).tolist()
    assert [tuple(w.shape) for w in layer.weights] == [(5, 8), (6, 8)]


@pytest.mark.extended
def test_transformer_block_saves_loads_and_trains(check_layer):
    check_layer(lambda **kw: transformer_tagger.TransformerBlock(8, 2, 16, **kw), VECTORS, (2, 4, 8))


def test_transformer_block_ignores_padding():
    block = transformer_tagger.TransformerBlock(8, 2, 16)
    mask = np.array([[True, True, False, False]] * 2)
    noisy = VECTORS.copy()
    noisy[:, 2:] = 1e3
    clean, other = block(VECTORS, mask=mask), block(noisy, mask=mask)
    np.testing.assert_array_equal(clean[:, :2], other[:, :2])


@pytest.mark.extended
def test_transformer_block_on_padding_only_is_finite():
    assert np.isfinite(transformer_tagger.TransformerBlock(8, 2, 16)(VECTORS, mask=np.zeros((2, 4), bool))).all()


@pytest.mark.extended
def test_transformer_block_rejects_heads_that_do_not_divide_the_width():
    with pytest.raises(ValueError, match="3 heads for width 8"):
        transformer_tagger.TransformerBlock(8, 3, 16)
