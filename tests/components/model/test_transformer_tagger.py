"""The transformer tagger and its loss."""

from __future__ import annotations

import numpy as np
import pytest
from support.lazy import LazyModule

keras = LazyModule("keras")
masked_token_loss = LazyModule("components.model.masked_token_loss")
taggers = LazyModule("components.model.taggers")
transformer_tagger = LazyModule("components.model.transformer_tagger")

SIZES = {"num_tags": 5, "vocab_size": 11, "num_cases": 7, "maxlen": 16, "embed_dim": 8, "num_heads": 2, "ff_dim": 8}


def features(lengths, width):
    rng = np.random.default_rng(3)
    real = np.arange(width)[None] < np.array(lengths)[:, None]
    return {
        "word_ids": np.where(real, rng.integers(1, 11, real.shape), 0).astype("int32"),
        "case_ids": np.where(real, rng.integers(1, 7, real.shape), 0).astype("int32"),
    }


def test_contract(check_layer):
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


def test_loss_ignores_tokens_without_tag():
    logits = np.random.default_rng(0).normal(size=(2, 3, 4)).astype("float32")
    loss = masked_token_loss.MaskedTokenLoss()
    full = float(loss(np.array([[1, 2, 0], [3, -1, 0]]), logits))
    log_probs = logits - np.log(np.exp(logits).sum(-1, keepdims=True))
    expected = -(log_probs[0, 0, 1] + log_probs[0, 1, 2] + log_probs[1, 0, 3]) / 3
    assert full == pytest.approx(expected, rel=1e-5)
    assert float(loss(np.zeros((2, 3), int), logits)) == 0.0
    assert masked_token_loss.MaskedTokenLoss.from_config(loss.get_config()).get_config() == loss.get_config()
