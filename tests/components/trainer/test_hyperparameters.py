"""Settings from a search."""

from __future__ import annotations

import dataclasses

import keras_tuner
import pytest

from components.common.errors import NerError
from components.trainer.hyperparameters import FILE, read_hyperparameters, with_hyperparameters


def test_values_take_the_place_of_the_configured_ones(settings):
    option = next(iter(settings.tagger_options))
    found = with_hyperparameters(settings, {"learning_rate": 0.5, "batch_size": 8.0, f"{settings.tagger}.{option}": 9})
    assert (found.learning_rate, found.batch_size, found.tagger_options[option]) == (0.5, 8, 9)
    assert isinstance(found.batch_size, int)
    same = {"learning_rate": settings.learning_rate, "batch_size": settings.batch_size}
    assert dataclasses.replace(found, **same, tagger_options=settings.tagger_options) == settings


def test_the_given_settings_stay_as_they_are(settings):
    option, value = next(iter(settings.tagger_options.items()))
    with_hyperparameters(settings, {f"{settings.tagger}.{option}": -1})
    assert settings.tagger_options[option] == value


@pytest.mark.parametrize("name", ["nothing", "other.dropout", "cnn_linear.nothing", "transformer.nothing"])
def test_a_value_for_no_setting_is_refused(settings, name):
    with pytest.raises(NerError, match=name):
        with_hyperparameters(settings, {name: 1})


def test_the_standard_artifact_is_read(tmp_path):
    import json

    space = keras_tuner.HyperParameters()
    space.Choice("learning_rate", [0.1, 0.2])
    space.values["learning_rate"] = 0.2
    (tmp_path / FILE).write_text(json.dumps(space.get_config()))
    assert read_hyperparameters(str(tmp_path)) == {"learning_rate": 0.2}


@pytest.mark.parametrize("content", [None, "", "[]", "{}"])
def test_an_artifact_without_values_is_named(tmp_path, content):
    if content is not None:
        (tmp_path / FILE).write_text(content)
    with pytest.raises(NerError, match="holds no hyperparameters") as caught:
        read_hyperparameters(str(tmp_path))
    assert str(tmp_path) in str(caught.value)
