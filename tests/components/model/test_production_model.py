"""The production tagger and its layers."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from components.model.context_block import ContextBlock
from components.model.production_model import ProductionModel
from components.model.subword_embedding import SubwordEmbedding
from components.model.taggers import build_tagger

SIZES = {
    "num_tags": 5, "vocab_size": 11, "num_cases": 7, "num_subwords": 31, "embed_dim": 8, "width": 12,
    "dilations": (1, 2), "input_dropout": 0.2, "dropout": 0.2, "word_dropout": 0.2, "subword_dropout": 0.2,
}  # fmt: skip
VECTORS = np.random.default_rng(0).normal(size=(2, 6, 8)).astype("float32")
SUBWORDS = np.random.default_rng(0).integers(1, 31, (2, 4, 3)).astype("int32")


def features(lengths, width):
    rng = np.random.default_rng(3)
    real = np.arange(width)[None] < np.array(lengths)[:, None]
    return {
        "word_ids": np.where(real, rng.integers(1, 11, real.shape), 0).astype("int32"),
        "case_ids": np.where(real, rng.integers(1, 7, real.shape), 0).astype("int32"),
        "subword_ids": np.where(real[..., None], rng.integers(1, 31, (*real.shape, 3)), 0).astype("int32"),
    }


def test_tagger_contract(check_layer):
    check_layer(lambda **kw: ProductionModel(**SIZES, **kw), features([4, 1], 4), (2, 4, 5))


def test_context_block_contract(check_layer):
    check_layer(lambda **kw: ContextBlock(8, 2, 0.1, **kw), VECTORS, (2, 6, 8))


def test_subword_embedding_contract(check_layer):
    check_layer(lambda **kw: SubwordEmbedding(31, 8, 0.5, **kw), SUBWORDS, (2, 4, 8))


@pytest.mark.parametrize("dilation", [1, 2, 9])
def test_context_block_sees_its_neighbours_and_nothing_else(dilation):
    block = ContextBlock(8, dilation)
    changed = VECTORS.copy()
    changed[:, 3] += 1
    differs = np.abs(keras.ops.convert_to_numpy(block(VECTORS) - block(changed))).max((0, 2)) > 1e-6
    assert np.flatnonzero(differs).tolist() == [i for i in range(6) if i in (3 - dilation, 3, 3 + dilation)]


def test_context_block_keeps_padding_at_zero():
    mask = np.array([[True] * 4 + [False] * 2] * 2)
    assert not keras.ops.convert_to_numpy(ContextBlock(8)(VECTORS, mask=mask))[:, 4:].any()


def test_context_block_refuses_to_look_nowhere():
    with pytest.raises(ValueError, match="got 0"):
        ContextBlock(8, 0)


def test_subword_dropout_leaves_parts_out_in_training_only():
    layer = SubwordEmbedding(31, 8, 0.5, seed=1)
    ids = np.ones((1, 2000, 1), "int32")
    assert keras.ops.convert_to_numpy(layer(ids)).any(-1).all()
    kept = keras.ops.convert_to_numpy(layer(ids, training=True)).any(-1).mean()
    assert 0.45 < kept < 0.55


def test_a_sentence_alone_in_a_batch_and_padded_longer_scores_the_same():
    model = build_tagger("production", **SIZES)
    batch = features([7, 3, 0, 12], 12)
    together = keras.ops.convert_to_numpy(model(batch))
    for row, length in enumerate([7, 3, 0, 12]):
        alone = {name: ids[row : row + 1, : max(length, 1)] for name, ids in batch.items()}
        np.testing.assert_allclose(model(alone)[0, :length], together[row, :length], atol=1e-5)


def test_padding_is_never_predicted():
    model = build_tagger("production", **SIZES)
    assert (np.argmax(keras.ops.convert_to_numpy(model(features([16] * 8, 16))), -1) > 0).all()


def test_all_weights_exist_before_the_first_call():
    built = build_tagger("production", **SIZES)
    count = len(built.weights)
    built(features([2], 2))
    assert len(built.weights) == count > 0
