"""Tagger on a tiny encoder with random weights."""

from __future__ import annotations

import functools
from importlib.util import find_spec

import numpy as np
import pytest
from support.lazy import LazyModule

from components.common.errors import NerError

keras = LazyModule("keras")
encoder_tagger = LazyModule("components.model.encoder_tagger")

keras_hub = LazyModule("keras_hub")
pytestmark = [
    pytest.mark.extended,
    pytest.mark.skipif(find_spec("keras_hub") is None, reason="the extra `encoder` is not installed"),
]

SIZES = {"vocabulary_size": 20, "num_layers": 2, "num_heads": 2, "hidden_dim": 8, "intermediate_dim": 16}
BACKBONES = {
    "bert": lambda **kw: keras_hub.models.BertBackbone(**SIZES, **kw),
    "distil_bert": lambda **kw: keras_hub.models.DistilBertBackbone(**SIZES, **kw),
    "electra": lambda **kw: keras_hub.models.ElectraBackbone(20, 2, 2, 8, 8, 16, **kw),
}
START, END, PAD = 2, 3, 0


def tagger(kind="bert", positions=32, maxlen=6, **options):
    backbone = BACKBONES[kind](max_sequence_length=positions)
    arguments = {"num_tags": 5, "maxlen": maxlen, "dropout": 0.1, **options}
    model = encoder_tagger.EncoderTagger(
        backbone=encoder_tagger.backbone_to_json(backbone), start_piece=START, end_piece=END, pad_piece=PAD, **arguments
    )
    model.build()
    return model


def features(*sentences, width=None, columns=3):
    """Returns the features of sentences, lists of pieces per token, as the transform graph does."""
    width = width or max(1, *(len(tokens) for tokens in sentences))
    rows = np.zeros((len(sentences), width, columns), "int32")
    for row, tokens in enumerate(sentences):
        for column, pieces in enumerate(tokens):
            rows[row, column, : len(pieces)] = np.array(pieces) + 1
    return {"piece_ids": rows, "word_ids": (rows[..., 0] > 0).astype("int32")}


SENTENCES = ([[5], [6, 7, 8], [9]], [[10, 11]], [], [[12], [13], [14], [15], [16, 17]])


def test_the_tagger_saves_loads_and_trains_on_every_backbone(check_layer):
    for kind in BACKBONES:
        check_layer(functools.partial(tagger, kind), features(*SENTENCES), (4, 5, 5))


def test_pieces_are_packed_between_start_and_end():
    rows, lengths, firsts = tagger().pack(keras.ops.convert_to_tensor(features(*SENTENCES)["piece_ids"]))
    assert np.array(rows).tolist() == [
        [START, 5, 6, 7, 8, 9, END, PAD],
        [START, 10, 11, END, PAD, PAD, PAD, PAD],
        [START, END, PAD, PAD, PAD, PAD, PAD, PAD],
        [START, 12, 13, 14, 15, 16, 17, END],
    ]
    assert np.array(lengths).tolist() == [7, 4, 2, 8]
    firsts = np.array(firsts)
    assert firsts[0, :3].tolist() == [1, 2, 5]
    assert firsts[1, :1].tolist() == [1]
    assert firsts[3].tolist() == [1, 2, 3, 4, 5]


def test_logits_come_from_the_first_piece_of_each_token():
    model = tagger()
    encoded = model.backbone(
        {
            "token_ids": np.array([[START, 5, 6, 7, 8, 9, END]]),
            "padding_mask": np.ones((1, 7), int),
            "segment_ids": np.zeros((1, 7), int),
        }
    )["sequence_output"]
    expected = model.scores(keras.ops.take(encoded, [1, 2, 5], axis=1))
    np.testing.assert_allclose(model(features(SENTENCES[0]))[..., 1:], expected[..., 1:], atol=1e-6)


def test_logits_do_not_depend_on_the_batch():
    model = tagger()
    together = keras.ops.convert_to_numpy(model(features(*SENTENCES, width=6)))
    for row, tokens in enumerate(SENTENCES):
        alone = model(features(tokens))
        np.testing.assert_allclose(alone[0, : len(tokens)], together[row, : len(tokens)], atol=1e-5)


def test_padding_is_never_predicted():
    assert (np.argmax(tagger()(features(*SENTENCES)), -1) > 0).all()


def test_last_pieces_of_tokens_are_dropped_if_there_are_too_many():
    tokens = [[5, 6, 7], [8], [9, 10, 11], [12, 13]]
    model = tagger(positions=9, maxlen=6)  # room for seven pieces; there are nine
    rows, _, firsts = model.pack(keras.ops.convert_to_tensor(features(tokens)["piece_ids"]))
    assert np.array(rows)[0].tolist() == [START, 5, 6, 8, 9, 10, 12, 13, END]
    assert np.array(firsts)[0].tolist() == [1, 3, 4, 6]
    assert np.isfinite(model(features(tokens, SENTENCES[3]))).all()


def test_a_window_size_above_the_positions_is_rejected():
    with pytest.raises(NerError, match=r"trainer\.window_size: 31 tokens, .* 32 positions.* 30 or less"):
        tagger(positions=32, maxlen=31)


def test_an_image_encoder_is_rejected():
    image = keras_hub.models.VGGBackbone([1], [4], image_shape=(8, 8, 3))
    with pytest.raises(NerError, match="VGGBackbone is not a text encoder"):
        encoder_tagger.EncoderTagger(
            num_tags=5,
            maxlen=6,
            backbone=encoder_tagger.backbone_to_json(image),
            start_piece=START,
            end_piece=END,
            pad_piece=PAD,
            dropout=0.1,
        )


def test_all_weights_are_trained():
    model = tagger()
    model.compile(keras.optimizers.Adam(0.01), "mse")
    before = model.get_weights()
    model.train_on_batch(features(*SENTENCES), np.ones((4, 5, 5), "float32"))
    changed = [(a != b).any() for a, b in zip(before, model.get_weights(), strict=True)]
    names = [weight.path for weight, moved in zip(model.weights, changed, strict=True) if not moved]
    assert all("pooled" in name for name in names), names  # the pooled output is not used


def test_other_backends_pad_to_a_static_length(monkeypatch):
    model, batch = tagger(), features(*SENTENCES)
    expected = keras.ops.convert_to_numpy(model(batch))
    monkeypatch.setattr(keras.backend, "backend", lambda: "jax")
    assert model.pack(keras.ops.convert_to_tensor(batch["piece_ids"]))[0].shape == (4, 5 * 3 + 2)
    np.testing.assert_allclose(model(batch), expected, atol=1e-5)


def test_empty_batch():
    empty = {name: values[:0] for name, values in features(*SENTENCES).items()}
    assert tagger()(empty).shape == (0, 5, 5)
