"""What a search chooses from."""

from __future__ import annotations

import pytest

from components.common.errors import NerError
from components.trainer.hyperparameters import with_hyperparameters
from components.tuner.search_space import search_space


def choices(space):
    return {choice.name: choice.values for choice in space.space}


def test_the_configured_value_is_always_a_choice_and_the_default(tagger_settings):
    space = search_space(tagger_settings, {"learning_rate": [0.02, 0.005]})
    assert choices(space) == {"learning_rate": [0.005, 0.01, 0.02]}
    assert space.values == {"learning_rate": 0.01}


def test_options_of_other_taggers_are_left_out(tagger_settings):
    space = search_space(tagger_settings, {"cnn_linear.dropout": [0.1, 0.5], "transformer.rate": [0.1]})
    assert list(choices(space)) == ["cnn_linear.dropout"]


def test_lists_go_through_the_search_as_text_and_come_back_as_lists(tagger_settings):
    space = search_space(tagger_settings, {"cnn_linear.dilations": [[1, 2], [1, 2, 4]]})
    assert choices(space) == {"cnn_linear.dilations": ["[1, 2]", "[1, 2, 4]"]}
    found = with_hyperparameters(tagger_settings, {"cnn_linear.dilations": "[1, 2, 4]"})
    assert found.cnn_linear.dilations == (1, 2, 4)


def test_whole_numbers_for_a_real_setting_are_real(tagger_settings):
    assert choices(search_space(tagger_settings, {"clip_norm": [2]})) == {"clip_norm": [1.0, 2.0]}


@pytest.mark.parametrize("name", ["learning", "cnn_linear.depth", "cnn_linear."])
def test_what_is_no_setting_is_named(tagger_settings, name):
    with pytest.raises(NerError, match=name):
        search_space(tagger_settings, {name: [1]})


def test_a_space_with_nothing_for_the_tagger_is_refused(tagger_settings):
    with pytest.raises(NerError, match="names no setting of the tagger cnn_linear"):
        search_space(tagger_settings, {"transformer.rate": [0.1]})
