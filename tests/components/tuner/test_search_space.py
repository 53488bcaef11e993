"""Search space of the Tuner."""

from __future__ import annotations

import pytest

from components.common.errors import NerError
from components.trainer.hyperparameters import with_hyperparameters
from configs.loading import load_config


def search_space(settings, choices):
    from components.tuner.search_space import search_space

    return search_space(settings, choices)


def choices(space):
    return {choice.name: choice.values for choice in space.space}


def test_the_configured_value_is_always_a_choice_and_the_default(tagger_settings):
    space = search_space(tagger_settings, {"learning_rate": [0.02, 0.005]})
    assert choices(space) == {"learning_rate": [0.005, 0.01, 0.02]}
    assert space.values == {"learning_rate": 0.01}


def test_options_of_other_taggers_are_skipped(tagger_settings):
    space = search_space(tagger_settings, {"cnn_linear.dropout": [0.1, 0.5], "transformer.rate": [0.1]})
    assert list(choices(space)) == ["cnn_linear.dropout"]


def test_lists_are_text_in_the_search_and_lists_in_the_settings(tagger_settings):
    space = search_space(tagger_settings, {"cnn_linear.dilations": [[1, 2], [1, 2, 4]]})
    assert choices(space) == {"cnn_linear.dilations": ["[1, 2]", "[1, 2, 4]"]}
    chosen = with_hyperparameters(tagger_settings, {"cnn_linear.dilations": "[1, 2, 4]"})
    assert chosen.cnn_linear.dilations == (1, 2, 4)


def test_integers_for_a_float_setting_become_floats(tagger_settings):
    assert choices(search_space(tagger_settings, {"clip_norm": [2]})) == {"clip_norm": [1.0, 2.0]}


def test_an_unknown_setting_is_named(tagger_settings):
    for name in ("learning", "cnn_linear.depth", "cnn_linear."):
        with pytest.raises(NerError, match=f"tuner.space: '{name}' is not a trainer setting"):
            search_space(tagger_settings, {name: [1]})


def test_the_default_space_depends_on_size_and_tagger():
    from components.tuner.search_space import default_choices

    names = {}
    for tagger in ("cnn_linear", "transformer", "package.module:Tagger"):
        for sentences in (300, 10_000):
            sized = load_config(None, [f"trainer.tagger={tagger}"]).trainer.for_windows(sentences)
            space = search_space(sized, default_choices(sized, sentences))
            names[tagger, sentences] = {choice.name for choice in space.space}
            configured = {name: sized[name] for name in names[tagger, sentences]}
            assert with_hyperparameters(sized, space.values) == sized, configured
    steps = {"batch_size", "averaging"}
    assert names["package.module:Tagger", 300] == {*steps, "epoch_steps"}
    assert names["package.module:Tagger", 10_000] == {*steps, "learning_rate"}
    assert names["cnn_linear", 300] >= {"cnn_linear.network_share", "cnn_linear.linear_dropout", "epoch_steps"}
    assert "transformer.rate" in names["transformer", 300] - names["cnn_linear", 300]
    encoder = load_config(None, ["trainer={tagger: encoder, encoder: {preset: x}}"]).trainer.for_windows(300)
    assert max(default_choices(encoder, 300)["learning_rate"]) < encoder.learning_rate


def test_a_space_without_settings_of_the_tagger_is_rejected(tagger_settings):
    with pytest.raises(NerError, match="names no setting of the tagger cnn_linear"):
        search_space(tagger_settings, {"transformer.rate": [0.1]})
