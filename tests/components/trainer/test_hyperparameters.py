"""Settings from a search."""

from __future__ import annotations

import keras_tuner
import pytest

from components.common.errors import NerError
from components.keys import HYPERPARAMETERS_FILE
from components.trainer.hyperparameters import read_hyperparameters, with_hyperparameters


def test_values_take_the_place_of_the_configured_ones(settings):
    option = f"{settings.tagger}.word_dropout"
    chosen = with_hyperparameters(settings, {"learning_rate": 0.5, "batch_size": 8.0, option: 0.9})
    assert (chosen.learning_rate, chosen.batch_size, chosen[option]) == (0.5, 8, 0.9)
    assert isinstance(chosen.batch_size, int)
    assert chosen.replace({name: settings[name] for name in ("learning_rate", "batch_size", option)}) == settings


def test_a_list_arrives_as_text(settings):
    chosen = with_hyperparameters(settings, {"cnn_linear.dilations": "[1, 2, 4, 8]"})
    assert chosen.cnn_linear.dilations == (1, 2, 4, 8)


def test_a_value_that_is_not_valid_is_refused(settings):
    with pytest.raises(NerError, match="word_dropout"):
        with_hyperparameters(settings, {f"{settings.tagger}.word_dropout": -1})


@pytest.mark.parametrize("name", ["nothing", "other.dropout", "cnn_linear.nothing", "transformer.nothing"])
def test_a_value_for_no_setting_is_refused(settings, name):
    with pytest.raises(NerError, match=name):
        with_hyperparameters(settings, {name: 1})


def test_the_standard_artifact_is_read(tmp_path):
    import json

    space = keras_tuner.HyperParameters()
    space.Choice("learning_rate", [0.1, 0.2])
    space.values["learning_rate"] = 0.2
    (tmp_path / HYPERPARAMETERS_FILE).write_text(json.dumps(space.get_config()))
    assert read_hyperparameters(str(tmp_path)) == {"learning_rate": 0.2}


@pytest.mark.parametrize("content", [None, "", "[]", "{}"])
def test_an_artifact_without_values_is_named(tmp_path, content):
    if content is not None:
        (tmp_path / HYPERPARAMETERS_FILE).write_text(content)
    with pytest.raises(NerError, match="not a file of hyperparameters") as caught:
        read_hyperparameters(str(tmp_path))
    assert str(tmp_path) in str(caught.value)
