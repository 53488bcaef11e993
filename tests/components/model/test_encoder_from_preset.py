"""Encoder taggers from presets."""

from __future__ import annotations

import os
import shutil
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from support.lazy import LazyModule

from components.common.errors import NerError

keras = LazyModule("keras")
encoder_tagger = LazyModule("components.model.encoder_tagger")
taggers = LazyModule("components.model.taggers")

keras_hub = LazyModule("keras_hub")
losses = LazyModule("components.model.losses")
optimizer = LazyModule("components.trainer.loop.optimizer")
devices_of = LazyModule("components.trainer.devices")
tf = LazyModule("tensorflow")
vocabularies = LazyModule("components.transform.wordpieces")
training_step = LazyModule("components.trainer.loop.training_step")
window_table = LazyModule("components.trainer.data.window_table")
pytestmark = [
    pytest.mark.extended,
    pytest.mark.skipif(find_spec("keras_hub") is None, reason="the extra `encoder` is not installed"),
]

SIZES = {"num_tags": 5, "maxlen": 16}


@pytest.fixture
def pieces(tiny_preset):
    return Path(tiny_preset, "assets", "tokenizer", "vocabulary.txt").read_text().split("\n")[:-1]


def test_weights_come_from_the_preset_and_are_saved_with_the_tagger(tiny_preset, pieces, tmp_path):
    copy = str(tmp_path / "preset")
    shutil.copytree(tiny_preset, copy)
    model = taggers.build_tagger("encoder", {**SIZES, "pieces": pieces}, preset=copy, dropout=0.1)
    shutil.rmtree(copy)
    checkpoint = keras_hub.models.Backbone.from_preset(tiny_preset)
    for weights, expected in zip(model.backbone.get_weights(), checkpoint.get_weights(), strict=True):
        np.testing.assert_array_equal(weights, expected)
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras", compile=False)
    batch = {"piece_ids": np.array([[[8, 9, 0, 0], [10, 0, 0, 0]]])}
    np.testing.assert_array_equal(loaded(batch), model(batch))


def test_special_pieces_are_selected_by_name(tiny_preset, pieces):
    model = encoder_tagger.encoder_from_preset(**SIZES, pieces=pieces, preset=tiny_preset, dropout=0.1)
    config = model.get_config()
    assert [pieces[config[f"{name}_piece"]] for name in ("start", "end", "pad")] == ["[CLS]", "[SEP]", "[PAD]"]


def test_trains_in_mixed_precision(tiny_preset, pieces):
    model = encoder_tagger.encoder_from_preset(
        **SIZES, pieces=pieces, preset=tiny_preset, dropout=0.1, dtype="mixed_bfloat16"
    )
    assert model.backbone.compute_dtype == "bfloat16"
    assert model({"piece_ids": np.array([[[8], [9]]])}).dtype == "float32"
    assert all(weight.dtype == "float32" for weight in model.trainable_variables)


def test_a_missing_preset_is_named(pieces):
    for preset in ["nowhere/at/all", "bert_of_nobody"]:
        with pytest.raises(NerError, match=rf"trainer\.encoder\.preset: the encoder of '{preset}' cannot be loaded"):
            encoder_tagger.encoder_from_preset(**SIZES, pieces=pieces, preset=preset, dropout=0.1)


def test_pieces_of_another_encoder_are_rejected(tiny_preset, pieces):
    for change, message in [
        (lambda pieces: [*pieces, "more"], "its encoder has"),
        (lambda pieces: pieces[3:], r"lacks \[CLS\], \[PAD\]"),
    ]:
        with pytest.raises(NerError, match=message):
            encoder_tagger.encoder_from_preset(**SIZES, pieces=change(pieces), preset=tiny_preset, dropout=0.1)


def test_missing_keras_hub_error_says_how_to_install_it(tiny_preset, pieces, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "keras_hub", None)
    with pytest.raises(NerError, match=r"pip install 'PATH_OF_WHEEL\[encoder\]'"):
        encoder_tagger.encoder_from_preset(**SIZES, pieces=pieces, preset=tiny_preset, dropout=0.1)


@pytest.fixture(scope="module")
def checkpoint():
    """Folder of a checkpoint of Hugging Face with real weights, such as all-MiniLM-L6-v2."""
    folder = os.environ.get("NER_CHECKPOINT", "")
    if not folder:
        pytest.skip("NER_CHECKPOINT names no checkpoint")
    return folder


def test_a_real_checkpoint_understands_words_and_trains_in_bfloat16_in_parts(checkpoint):
    vocabulary = vocabularies.WordPieceVocabulary.from_preset(checkpoint)
    ids = {piece: number + 1 for number, piece in enumerate(vocabulary.pieces)}
    texts = ["the cat sleeps on the sofa .", "a dog lies on his couch .", "shares fell in tokyo on monday"]
    pieces = tf.ragged.constant([[[ids[word]] for word in text.split()] for text in texts]).to_tensor()
    model = taggers.build_tagger(
        "encoder", {**SIZES, "pieces": vocabulary.pieces}, preset=checkpoint, dropout=0.0, dtype="mixed_bfloat16"
    )
    rows, lengths, _ = model.pack(tf.cast(pieces, tf.int32))
    mask = tf.sequence_mask(lengths, tf.shape(rows)[1], tf.int32)
    states = model.backbone({"token_ids": rows, "padding_mask": mask, "segment_ids": tf.zeros_like(rows)})
    weights = tf.cast(mask, tf.float32)[:, :, None]
    means = tf.math.l2_normalize(tf.reduce_sum(tf.cast(states["sequence_output"], tf.float32) * weights, 1), 1)
    same, other = (float(tf.reduce_sum(means[0] * means[number])) for number in (1, 2))
    assert same > 0.3 > 0.15 > other

    tags = tf.cast(tf.reduce_any(pieces > 0, -1), tf.int32)
    loss = training_step.supervised(losses.ConstrainedCrfLoss(["[PAD]", "O", "B-X", "I-X", "B-Y"]))
    weights = training_step.trainable_weights(model)
    devices = devices_of.choose_devices("cpu", 1)
    adam = optimizer.Adam(weights, lambda steps: 1e-4, devices.strategy)
    step = training_step.TrainingStep(model, loss, adam, devices, clip_norm=1.0, pieces=3)
    first, *_, last = [float(step(window_table.Batch({"piece_ids": pieces}, tags))) for _ in range(3)]
    assert last < 0.8 * first
