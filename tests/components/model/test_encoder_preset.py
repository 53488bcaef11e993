"""Encoder taggers from presets."""

from __future__ import annotations

import shutil
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from support.lazy import LazyModule

from components.common.errors import NerError

keras = LazyModule("keras")
encoder_preset = LazyModule("components.model.encoder_preset")
taggers = LazyModule("components.model.taggers")

keras_hub = LazyModule("keras_hub")
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
    model = taggers.build_tagger("encoder", {**SIZES, "pieces": pieces}, preset=copy, max_pieces=4, dropout=0.1)
    shutil.rmtree(copy)
    checkpoint = keras_hub.models.Backbone.from_preset(tiny_preset)
    for weights, expected in zip(model.backbone.get_weights(), checkpoint.get_weights(), strict=True):
        np.testing.assert_array_equal(weights, expected)
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras", compile=False)
    batch = {"piece_ids": np.array([[[8, 9, 0, 0], [10, 0, 0, 0]]])}
    np.testing.assert_array_equal(loaded(batch), model(batch))


def test_special_pieces_are_selected_by_name(tiny_preset, pieces):
    model = encoder_preset.encoder_from_preset(**SIZES, pieces=pieces, preset=tiny_preset, dropout=0.1)
    config = model.get_config()
    assert [pieces[config[f"{name}_piece"]] for name in ("start", "end", "pad")] == ["[CLS]", "[SEP]", "[PAD]"]


def test_trains_in_mixed_precision(tiny_preset, pieces):
    model = encoder_preset.encoder_from_preset(
        **SIZES, pieces=pieces, preset=tiny_preset, dropout=0.1, dtype="mixed_bfloat16"
    )
    assert model.backbone.compute_dtype == "bfloat16"
    assert model({"piece_ids": np.array([[[8], [9]]])}).dtype == "float32"
    assert all(weight.dtype == "float32" for weight in model.trainable_variables)


def test_a_missing_preset_is_named(pieces):
    for preset in ["nowhere/at/all", "bert_of_nobody"]:
        with pytest.raises(NerError, match=rf"trainer\.encoder\.preset: the encoder of '{preset}' cannot be loaded"):
            encoder_preset.encoder_from_preset(**SIZES, pieces=pieces, preset=preset, dropout=0.1)


def test_pieces_of_another_encoder_are_rejected(tiny_preset, pieces):
    for change, message in [
        (lambda pieces: [*pieces, "more"], "its encoder has"),
        (lambda pieces: pieces[3:], r"lacks \[CLS\], \[PAD\]"),
    ]:
        with pytest.raises(NerError, match=message):
            encoder_preset.encoder_from_preset(**SIZES, pieces=change(pieces), preset=tiny_preset, dropout=0.1)


def test_missing_keras_hub_error_says_how_to_install_it(tiny_preset, pieces, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "keras_hub", None)
    with pytest.raises(NerError, match=r"pip install 'deployable-ner\[encoder\]'"):
        encoder_preset.encoder_from_preset(**SIZES, pieces=pieces, preset=tiny_preset, dropout=0.1)
