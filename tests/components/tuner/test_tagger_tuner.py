"""Searches with a function in place of training."""

from __future__ import annotations

import json

import pytest

from components.common.errors import NerError
from components.trainer.hyperparameters import with_hyperparameters

SPACE = {"learning_rate": [0.001, 0.02, 0.03], "cnn_linear.dropout": [0.0, 0.5]}


@pytest.fixture
def search(tagger_settings, tmp_path):
    """Function that searches with a score of settings and returns the tuner and the values it tried."""

    from components.tuner.search_space import search_space
    from components.tuner.settings import TunerSettings
    from components.tuner.tagger_tuner import TaggerTuner, TrialResult

    def search(score, trials=5, method="random", name="search", minutes=None):
        tried = []

        def train(settings):
            tried.append((settings.learning_rate, settings.tagger_options["dropout"]))
            epochs.append(settings.epochs)
            return TrialResult(score(settings), seconds=60.0)

        epochs: list[int] = []
        space = search_space(tagger_settings, SPACE)
        settings = TunerSettings(enabled=True, trials=trials, minutes=minutes, epochs=9, method=method, space=SPACE)
        tuner = TaggerTuner(tagger_settings, space, train, settings, str(tmp_path / name))
        tuner.epochs = epochs
        tuner.search()
        return tuner, tried

    return search


def closeness(settings):
    return 1 - abs(settings.learning_rate - 0.02) * 10


@pytest.mark.parametrize("method", ["random", "bayesian", "hyperband"])
def test_the_configured_settings_are_the_first_trial_and_the_best_is_found(search, tagger_settings, method):
    tuner, tried = search(closeness, trials=12, method=method)
    assert tried[0] == (tagger_settings.learning_rate, tagger_settings.tagger_options["dropout"])
    assert tuner.get_best_hyperparameters()[0].values["learning_rate"] == 0.02


def test_the_number_of_trials_is_kept_and_none_is_repeated(search):
    _, tried = search(closeness, trials=5)
    assert len(tried) == len({*tried}) == 5


def test_a_space_smaller_than_the_number_of_trials_ends_the_search(search):
    _, tried = search(closeness, trials=50)
    assert len({*tried}) == len(tried) <= 4 * 3


def test_equal_seeds_give_equal_trials(search):
    assert search(closeness, name="a")[1] == search(closeness, name="b")[1]


def test_a_failed_trial_does_not_end_the_search(search, tagger_settings):
    def score(settings):
        if settings.learning_rate == tagger_settings.learning_rate:
            raise MemoryError("too large")
        return closeness(settings)

    tuner, _ = search(score, trials=8)
    assert tuner.get_best_hyperparameters()[0].values["learning_rate"] != tagger_settings.learning_rate


def test_an_error_that_the_user_can_fix_ends_the_search_with_its_message(search):
    def score(settings):
        raise NerError("train.conll:3: no tag")

    with pytest.raises(NerError, match=r"trial 0 \(learning_rate 0\.01.*train\.conll:3: no tag"):
        search(score)


def test_a_search_whose_trials_all_fail_is_an_error(search):
    from components.tuner.tagger_tuner import SearchError

    def score(settings):
        raise MemoryError("too large")

    with pytest.raises(SearchError, match="all trials failed"):
        search(score, trials=2)


def test_an_interrupted_search_continues(search, tagger_settings, tmp_path):
    _, first = search(closeness, trials=3)
    tuner, more = search(closeness, trials=3)
    assert more == []
    assert json.loads((tmp_path / "search" / "search" / "oracle.json").read_text())["start_order"] == ["0", "1", "2"]
    assert tuner.oracle.get_best_trials(1)[0].score == max(
        1 - abs(learning_rate - 0.02) * 10 for learning_rate, _ in first
    )


def test_no_trial_begins_when_the_minutes_are_used_up(search):
    for method in ("random", "bayesian", "hyperband"):
        assert len(search(closeness, trials=10, method=method, minutes=2.5, name=method)[1]) == 3
    assert len(search(closeness, trials=10, minutes=0.1, name="short")[1]) == 1, "the configured settings"


def test_hyperband_trains_most_trials_shortly_and_the_best_of_a_round_longer(search, tagger_settings):
    tuner, tried = search(closeness, trials=14, method="hyperband")
    # The configured settings; 9 trials of one epoch, the best 3 with three, the best one with nine.
    assert tuner.epochs == [9, *[1] * 9, 3, 3, 3, 9]
    rates = [rate for rate, _ in tried]
    assert (
        sorted(map(abs, (rate - 0.02 for rate in rates[10:13]))) == sorted(abs(rate - 0.02) for rate in rates[1:10])[:3]
    )
    assert rates[13] == 0.02
    chosen = with_hyperparameters(tagger_settings, tuner.get_best_hyperparameters()[0].values)
    assert (chosen.learning_rate, chosen.epochs) == (0.02, tagger_settings.epochs)
