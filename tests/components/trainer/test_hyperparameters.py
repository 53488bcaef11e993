"""Hyperparameters found by the Tuner."""

from __future__ import annotations

import json

import pytest
from support.settings import trainer_settings

from components.common.errors import NerError
from components.keys import HYPERPARAMETERS_FILE
from components.trainer.hyperparameters import read_hyperparameters, with_hyperparameters


@pytest.fixture(scope="module")
def settings():
    return trainer_settings(tagger="cnn_linear")


def test_values_replace_the_configured_ones(settings):
    chosen = with_hyperparameters(
        settings, {"learning_rate": 0.5, "batch_size": 8.0, "cnn_linear.dilations": "[1, 2, 4, 8]"}
    )
    assert (chosen.learning_rate, chosen.batch_size, chosen.cnn_linear.dilations) == (0.5, 8, (1, 2, 4, 8))
    assert isinstance(chosen.batch_size, int)
    names = ("learning_rate", "batch_size", "cnn_linear.dilations")
    assert chosen.replace({name: settings[name] for name in names}) == settings


def test_unknown_names_and_invalid_values_are_rejected(settings):
    for name in ("nothing", "other.dropout", "cnn_linear.nothing", "transformer.nothing"):
        with pytest.raises(NerError, match=f"tuner.space: '{name}' is not a trainer setting"):
            with_hyperparameters(settings, {name: 1})
    with pytest.raises(NerError, match=r"tuner\.space: cnn_linear\.word_dropout: Input should be greater"):
        with_hyperparameters(settings, {"cnn_linear.word_dropout": -1})


def test_the_standard_artifact_is_read(tmp_path):
    import keras_tuner

    space = keras_tuner.HyperParameters()
    space.Choice("learning_rate", [0.1, 0.2])
    space.values["learning_rate"] = 0.2
    (tmp_path / HYPERPARAMETERS_FILE).write_text(json.dumps(space.get_config()))
    assert read_hyperparameters(str(tmp_path)) == {"learning_rate": 0.2}


def test_an_artifact_without_values_is_named(tmp_path):
    for content in (None, "", "[]", "{}"):
        if content is not None:
            (tmp_path / HYPERPARAMETERS_FILE).write_text(content)
        with pytest.raises(NerError, match=f"{tmp_path}.*: not a file of hyperparameters"):
            read_hyperparameters(str(tmp_path))
