"""Training a tagger, saving it, loading it."""

from __future__ import annotations

import dataclasses
import json
import shutil
import zipfile
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from support.lazy import LazyModule

from components.common.errors import NerError
from configs.loading import load_config

training = LazyModule("components.trainer.training")
trained_model = LazyModule("components.trainer.trained_model")

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
    assert last["mfu"] is None  # no GPU
    assert trained.tags[0] == "[PAD]"


def test_saved_model_loads_with_the_same_predictions_and_without_its_loss(trained, tmp_path):
    trained.save(str(tmp_path))
    loaded = trained_model.TrainedModel.load(str(tmp_path))
    np.testing.assert_array_equal(loaded.model(BATCH), trained.model(BATCH))
    assert (loaded.windows, loaded.tags, loaded.history) == (trained.windows, trained.tags, trained.history)
    config = zipfile.ZipFile(tmp_path / "model.keras").read("config.json").decode()
    assert "Loss" not in config
    assert '"compile_config": {}' in config


@pytest.mark.extended
@pytest.mark.parametrize("settings", ["cnn_linear"], indirect=True)
def test_equal_seeds_give_equal_weights(transformed, settings):
    def weights(seed):
        short = settings.replace({"epochs": 2, "seed": seed})
        return training.train(short, transformed.inputs).model.get_weights()

    first, again, other = weights(5), weights(5), weights(6)
    assert all((a == b).all() for a, b in zip(first, again, strict=True))
    assert any((a != b).any() for a, b in zip(first, other, strict=True))


@pytest.mark.extended
@pytest.mark.parametrize("settings", ["cnn_linear"], indirect=True)
def test_a_warm_start_starts_with_the_score_of_the_earlier_model(trained, transformed, settings, tmp_path):
    trained.save(str(tmp_path / "earlier"))
    shutil.copy(Path(transformed.graph, "transform_fn", "assets", "word_vocabulary"), tmp_path / "earlier")
    slow = settings.replace({"epochs": 1, "learning_rate": 1e-6})

    def first_score(earlier):
        trained = training.train(slow, dataclasses.replace(transformed.inputs, earlier_model=earlier))
        return trained.best_f1

    assert first_score(str(tmp_path / "earlier")) > 0.9
    assert first_score(None) < 0.5


@pytest.mark.extended
@pytest.mark.parametrize("settings", ["cnn_linear"], indirect=True)
def test_a_retraining_on_a_small_span_beats_the_champion_and_a_cold_start(settings, tmp_path):
    """The second span has names, words and an entity type that the first lacks, and lacks one."""
    from support.spans import SPAN_1, SPAN_2, sentences
    from support.tiny_corpus import transform_rows

    from benchmarks.ours.part import test_scores as scores_of
    from components.trainer.inputs import TrainingInputs

    longer = settings.replace({"epochs": 3, "epoch_steps": 40, "batch_size": 8, "averaging": 0.98})
    test = [*sentences(SPAN_1, 60, seed=9), *sentences(SPAN_2, 60, seed=10)]

    def trained_on(name, rows, earlier=None):
        """Returns the model, its transform graph, and its F1 on sentences of both spans."""
        folder = tmp_path / name
        config = {
            "settings": load_config(None, ["transform.tokenizer=words"]).transform.model_dump(mode="json"),
            "earlier": earlier,
        }
        transform_rows(folder, {"train": rows, "test": test}, config)
        graph, train, held_out = (str(folder / name) for name in ("graph", "train.gz", "test.gz"))
        model = training.train(longer, TrainingInputs([train], [train], graph, earlier))
        return model, graph, scores_of(model, [held_out], graph, folder / "columns")["test_f1"]

    champion, graph, f1 = trained_on("champion", sentences(SPAN_1, 150))
    earlier = tmp_path / "earlier"
    champion.save(str(earlier))
    for vocabulary in ("word_vocabulary", "tag_vocabulary"):
        shutil.copy(Path(graph, "transform_fn", "assets", vocabulary), earlier)
    new = sentences(SPAN_2, 30, seed=1)
    (_, _, cold), (model, _, warm) = (
        trained_on(name, new, start) for name, start in (("cold", None), ("warm", str(earlier)))
    )
    assert warm > max(f1, cold) + 0.05, (f1, cold, warm)
    assert model.tags[: len(champion.tags)] == champion.tags
    assert {"B-LOC", "B-ORG"} < set(model.tags)


@pytest.mark.extended
def test_training_stops_when_entity_f1_no_longer_rises(transformed, settings, tmp_path):
    patient = settings.replace({"epochs": 50, "patience": 2})
    history = training.train(patient, transformed.inputs, log_dir=str(tmp_path)).history
    assert len(history) < 50
    assert list(tmp_path.rglob("events.out.tfevents.*"))


@pytest.mark.extended
def test_bfloat16_trains_in_mixed_precision_and_saves_a_float32_model(transformed, settings, cpu, tmp_path):
    import tensorflow_transform as tft

    from components.trainer.initial.building import new_tagger

    low = settings.replace({"epochs": 1, "precision": "bfloat16"})
    with cpu.strategy.scope():
        model = new_tagger(low, tft.TFTransformOutput(transformed.graph), num_tags=5)
    assert (model.input_dropout.compute_dtype, model.scores.compute_dtype) == ("bfloat16", "float32")
    result = training.train(low, transformed.inputs)
    assert np.isfinite(result.history[0]["loss"])
    result.save(str(tmp_path))
    loaded = trained_model.TrainedModel.load(str(tmp_path)).model
    for saved in (result.model, loaded):
        assert {layer.compute_dtype for layer in (saved, saved.input_dropout, saved.scores)} == {"float32"}
        assert {weight.dtype for weight in saved.trainable_weights} == {"float32"}


def test_bias_and_calibration_are_kept_and_not_in_the_weights(trained, tmp_path):
    best = max(trained.history, key=lambda row: row["val_entity_f1"])
    assert trained.outside_bias == best["outside_bias"]
    biased = dataclasses.replace(trained, outside_bias=-1.5)
    biased.save(str(tmp_path))
    loaded = trained_model.TrainedModel.load(str(tmp_path))
    assert loaded.outside_bias == -1.5
    assert loaded.calibration == trained.calibration != (1.0, 0.0)
    np.testing.assert_array_equal(loaded.model(BATCH), trained.model(BATCH))
    file = tmp_path / "trained_model.json"
    info = json.loads(file.read_text())
    del info["calibration"]
    file.write_text(json.dumps(info))
    assert trained_model.TrainedModel.load(str(tmp_path)).calibration == (1.0, 0.0), "trained before there was one"


@pytest.mark.parametrize(
    ("f1", "entities", "chosen"),
    [(0.52, 104, 0.2), (0.519, 104, 0.35), (0.7, 99, 0.35)],
    ids=["clearly better", "two entities", "few entities"],
)
def test_the_share_of_the_network_with_the_highest_f1_is_chosen_if_it_is_more_than_chance(f1, entities, chosen):
    model = SimpleNamespace(network_share=0.35)
    best = {"loss": 0.1, "val_entity_f1": 0.5, "val_entities": float(entities), "outside_bias": -1.0}

    def scorer():
        share = model.network_share
        return SimpleNamespace(score=lambda: {**best, "val_entity_f1": f1, "outside_bias": -share})

    row = training._with_best_share(model, (0.2,), scorer, best)
    assert model.network_share == chosen
    assert row == ({**best, "val_entity_f1": f1, "outside_bias": -0.2} if chosen == 0.2 else best)


def test_the_log_says_how_many_tokens_lists_of_names_and_clusters_know(tmp_path, monkeypatch):
    from components.trainer.data.window_table import WindowTable

    columns = {
        "word_ids": np.array([2, 3, 4, 5]),
        "gazetteer_CITY": np.array([1, 2, 4, 1]),
        "gazetteer_NAME": np.array([1, 1, 1, 1]),
        "cluster_ids": np.array([[1, 1], [1, 1], [1, 1], [2, 3]]),
    }
    lines = []
    monkeypatch.setattr(training.logging, "log", lambda level, text, *args: lines.append((level, text % args)))
    training.log_matches(WindowTable.write(tmp_path, [(np.array([4]), columns)]), [*columns])
    assert lines == [
        (training.logging.INFO, "transform.clusters: 25.0 % of the tokens to train on match"),
        (training.logging.INFO, "transform.gazetteers (CITY): 50.0 % of the tokens to train on match"),
        (training.logging.WARNING, "transform.gazetteers (NAME): 0.0 % of the tokens to train on match"),
    ]


def test_a_corpus_without_entities_is_rejected():
    with pytest.raises(NerError, match="no sentence has an entity; its tags are O"):
        training.check_tags(["[PAD]", "O"])
