"""Training a tagger, keeping it, loading it."""

from __future__ import annotations

import dataclasses
import shutil
import zipfile
from pathlib import Path

import numpy as np
import pytest

from components.common.errors import NerError
from components.trainer import training
from components.trainer.trained_model import MODEL_FILE, TrainedModel
from components.trainer.training import _check_tags, train

BATCH = {
    "word_ids": np.array([[2, 3, 1, 4]]),
    "case_ids": np.array([[4, 4, 3, 4]]),
    "subword_ids": np.arange(1, 41).reshape(1, 4, 10),
}


def test_training_learns_the_corpus_and_logs_entity_scores(trained):
    last = trained.history[-1]
    assert last["val_entity_f1"] > 0.95
    assert {"loss", "val_loss", "val_entity_precision", "val_entity_recall"} <= set(last)
    assert last["tokens_per_second"] > 0
    assert 0 <= last["data_wait"] < 1
    assert last["mfu"] is None  # no GPU here
    assert trained.tags[0] == "[PAD]"


def test_saved_model_loads_with_the_same_predictions_and_without_its_loss(trained, tmp_path):
    trained.save(str(tmp_path))
    loaded = TrainedModel.load(str(tmp_path))
    np.testing.assert_array_equal(loaded.model(BATCH), trained.model(BATCH))
    assert (loaded.windows, loaded.tags, loaded.history) == (trained.windows, trained.tags, trained.history)
    config = zipfile.ZipFile(tmp_path / MODEL_FILE).read("config.json").decode()
    assert "Loss" not in config
    assert '"compile_config": {}' in config


def test_same_seed_gives_the_same_weights(transformed, settings, tmp_path):
    short = settings.replace({"epochs": 2})

    def weights(seed):
        settings = short.replace({"seed": seed})
        return train(
            settings, transformed.files, transformed.files, transformed.graph, str(tmp_path)
        ).model.get_weights()

    first, again, other = weights(5), weights(5), weights(6)
    assert all((a == b).all() for a, b in zip(first, again, strict=True))
    assert any((a != b).any() for a, b in zip(first, other, strict=True))


def test_a_warm_start_begins_where_the_earlier_model_stands(trained, transformed, settings, tmp_path):
    trained.save(str(tmp_path / "earlier"))
    shutil.copy(Path(transformed.graph, "transform_fn", "assets", "word_vocabulary"), tmp_path / "earlier")
    still = settings.replace({"epochs": 1, "learning_rate": 1e-6})

    def first_score(earlier):
        trained = train(still, transformed.files, transformed.files, transformed.graph, earlier=earlier)
        return trained.history[0]["val_entity_f1"] or 0.0

    assert first_score(str(tmp_path / "earlier")) > 0.9
    assert first_score(None) < 0.5


def test_training_stops_when_entity_f1_no_longer_rises(transformed, settings, tmp_path):
    patient = settings.replace({"epochs": 50, "patience": 2})
    history = train(patient, transformed.files, transformed.files, transformed.graph, str(tmp_path)).history
    assert len(history) < 50
    assert list(tmp_path.rglob("events.out.tfevents.*"))


def test_bfloat16_trains_in_mixed_precision_and_keeps_a_float32_model(transformed, settings, tmp_path):
    policies = []
    build = training.build_model

    def spy(*args):
        model = build(*args)
        policies.append((model.input_dropout.compute_dtype, model.scores.compute_dtype))
        return model

    low = settings.replace({"epochs": 1, "precision": "bfloat16"})
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(training, "build_model", spy)
        result = train(low, transformed.files, transformed.files, transformed.graph)
    assert policies == [("bfloat16", "float32")]
    assert np.isfinite(result.history[0]["loss"])
    assert result.model.dtype_policy.name == "float32"
    result.save(str(tmp_path))
    loaded = TrainedModel.load(str(tmp_path)).model
    assert {layer.dtype_policy.name for layer in loaded._flatten_layers()} == {"float32"}


def test_threshold_is_that_of_the_kept_epoch_and_not_in_the_weights(trained, tmp_path):
    best = max(trained.history, key=lambda row: row["val_entity_f1"])
    assert trained.outside_bias == best["outside_bias"]
    shifted = dataclasses.replace(trained, outside_bias=-1.5)
    shifted.save(str(tmp_path))
    loaded = TrainedModel.load(str(tmp_path))
    assert loaded.outside_bias == -1.5
    np.testing.assert_array_equal(loaded.model(BATCH), trained.model(BATCH))


def test_a_corpus_without_entities_is_refused():
    with pytest.raises(NerError, match="holds no entity: its tags are O"):
        _check_tags(["[PAD]", "O"])
