"""The search, with a function in the place of training."""

from __future__ import annotations

import json

import pytest

from components.common.errors import NerError
from components.tuner.search_error import SearchError
from components.tuner.search_space import search_space
from components.tuner.tagger_tuner import TaggerTuner

SPACE = {"learning_rate": [0.001, 0.02, 0.03], "cnn_linear.dropout": [0.0, 0.5]}


@pytest.fixture
def search(tagger_settings, tmp_path):
    """Searches with a score for given settings; returns the tuner and what was tried."""

    def search(score, trials=5, method="random", name="search"):
        tried = []

        def train(settings):
            tried.append((settings.learning_rate, settings.tagger_options["dropout"]))
            return score(settings)

        space = search_space(tagger_settings, SPACE)
        tuner = TaggerTuner(tagger_settings, space, train, trials, method, str(tmp_path / name))
        tuner.search()
        return tuner, tried

    return search


def rate(settings):
    return 1 - abs(settings.learning_rate - 0.02) * 10


@pytest.mark.parametrize("method", ["random", "bayesian"])
def test_the_configured_settings_are_the_first_trial_and_the_best_is_found(search, tagger_settings, method):
    tuner, tried = search(rate, trials=12, method=method)
    assert tried[0] == (tagger_settings.learning_rate, tagger_settings.tagger_options["dropout"])
    assert tuner.get_best_hyperparameters()[0].values["learning_rate"] == 0.02


def test_the_budget_is_kept_and_nothing_is_tried_twice(search):
    _, tried = search(rate, trials=5)
    assert len(tried) == len({*tried}) == 5


def test_a_space_smaller_than_the_budget_ends_the_search(search):
    _, tried = search(rate, trials=50)
    assert len({*tried}) == len(tried) <= 4 * 3


def test_same_seed_same_trials(search):
    assert search(rate, name="a")[1] == search(rate, name="b")[1]


def test_a_trial_that_fails_does_not_end_the_search(search, tagger_settings):
    def score(settings):
        if settings.learning_rate == tagger_settings.learning_rate:
            raise MemoryError("too large")
        return rate(settings)

    tuner, _ = search(score, trials=8)
    assert tuner.get_best_hyperparameters()[0].values["learning_rate"] != tagger_settings.learning_rate


def test_an_error_of_the_users_ends_the_search_with_its_own_words(search):
    def score(settings):
        raise NerError("train.conll:3: found nothing")

    with pytest.raises(NerError, match=r"trial 0 \(learning_rate 0\.01.*train\.conll:3: found nothing"):
        search(score)


def test_a_search_without_one_good_trial_says_so(search):
    def score(settings):
        raise MemoryError("too large")

    with pytest.raises(SearchError, match="no trial"):
        search(score, trials=2)


def test_a_search_that_was_stopped_goes_on(search, tagger_settings, tmp_path):
    _, first = search(rate, trials=3)
    tuner, more = search(rate, trials=3)
    assert more == []
    assert json.loads((tmp_path / "search" / "search" / "oracle.json").read_text())["start_order"] == ["0", "1", "2"]
    assert tuner.oracle.get_best_trials(1)[0].score == max(
        1 - abs(learning_rate - 0.02) * 10 for learning_rate, _ in first
    )
