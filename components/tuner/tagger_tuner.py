"""Hyperparameter search over settings of the trainer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import keras_tuner
from absl import logging
from keras_tuner.engine.base_tuner import BaseTuner
from keras_tuner.engine.trial import Trial, TrialStatus
from keras_tuner.errors import FatalError

from components.common.errors import NerError
from components.keys import VAL_ENTITY_F1
from components.trainer.hyperparameters import is_search_state, with_hyperparameters
from components.trainer.settings import TrainerSettings
from components.tuner.settings import TunerSettings

_EPOCHS = "tuner/epochs"
_FACTOR = 3
"""Hyperband keeps one trial of this number for the next, longer round."""


class TrialResult(NamedTuple):
    """Result of a trial.

    Attributes:
        f1: best entity F1 on the eval split.
        seconds: duration of the training.
    """

    f1: float
    seconds: float


class SearchError(NerError, FatalError):
    """Ends a search; KerasTuner treats every other error as a failed trial and continues."""


class TaggerTuner(BaseTuner):
    """Search that trains a tagger in each trial, with the Trainer's own loop, and maximizes its entity F1.

    The first trial has the configured settings, so the result is never worse than these on the eval split.

    Example (`tests/components/tuner/test_tagger_tuner.py` runs searches):

        tuner = TaggerTuner(settings, space, train, load_config(None).tuner, "work/search")
        tuner.search()
    """

    def __init__(
        self,
        settings: TrainerSettings,
        space: keras_tuner.HyperParameters,
        train: Callable[[TrainerSettings], TrialResult],
        search: TunerSettings,
        directory: str,
    ) -> None:
        """Sets up the search.

        Args:
            settings: configured settings of the trainer.
            space: search space.
            train: trains a tagger.
            search: most trials, minutes and epochs; a smaller space ends the search earlier. Methods: `random`;
                `bayesian`, a Gaussian process over the trials so far; `hyperband`, short trials of which the best are
                repeated with more epochs.
            directory: folder for KerasTuner's state.
        """
        self._settings, self._train = settings, train
        arguments: dict[str, Any] = {
            "objective": keras_tuner.Objective(VAL_ENTITY_F1, "max"),
            "seed": settings.seed + 1,  # 0 means no seed to KerasTuner
            "hyperparameters": space,
            "allow_new_entries": False,
        }
        if search.method == "hyperband":
            # Iterations without end: the budget ends the search.
            arguments |= {"max_epochs": search.epochs, "factor": _FACTOR, "hyperband_iterations": None}
        else:
            arguments["max_trials"] = search.trials
        if search.method == "bayesian":
            arguments["num_initial_points"] = max(3, search.trials // 3)
        oracle = _ORACLES[search.method](**arguments)
        oracle.max_trials = search.trials
        oracle.seconds = 60 * search.minutes if search.minutes else None
        super().__init__(oracle, directory=directory, project_name="search")
        self.oracle.verbose = 0

    def run_trial(self, trial: Trial, *args: Any, **kwargs: Any) -> dict[str, float]:
        """Trains a tagger.

        Raises:
            SearchError: corpus or files are invalid, so every other trial would fail, too.
        """
        values = trial.hyperparameters.values
        chosen = _described(values)
        try:
            candidate = with_hyperparameters(self._settings, values)
            # Each round of Hyperband trains from the start: step sizes follow a schedule over all epochs, so a longer
            # training does not begin like a shorter one.
            result = self._train(candidate.replace({"epochs": values[_EPOCHS]}) if _EPOCHS in values else candidate)
        except NerError as error:
            raise SearchError(f"trial {trial.trial_id} ({chosen}): {error}") from error
        except Exception:
            # KerasTuner continues with the next trial, and stops after three failures in a row.
            logging.exception("trial %s failed: %s", trial.trial_id, chosen)
            raise
        logging.info("trial %s: entity F1 %.4f after %.0f s with %s", trial.trial_id, result.f1, result.seconds, chosen)
        self.oracle.used += result.seconds
        return {VAL_ENTITY_F1: result.f1}

    def on_search_end(self) -> None:
        """Checks that a trial succeeded.

        Raises:
            SearchError: all trials failed.
        """
        trials = self.oracle.trials.values()
        if not any(trial.status == TrialStatus.COMPLETED for trial in trials):
            raise SearchError("tuner: all trials failed. The log has the error of each trial.")

    def search_space_summary(self, extended: bool = False) -> None:
        """Logs the space, which KerasTuner would print."""
        for choice in self.oracle.get_space().space:
            logging.info("search space: %s: %s", choice.name, ", ".join(map(str, choice.values)))

    def results_summary(self, num_trials: int = 10) -> None:
        """Logs the best settings; KerasTuner would print all trials."""
        [best] = self.oracle.get_best_trials(1)
        first = self.oracle.get_trial(self.oracle.start_order[0])
        logging.info(
            "best of %d trials: entity F1 %.4f (%s as configured) with %s",
            len(self.oracle.trials),
            best.score,
            "none" if first.score is None else f"{first.score:.4f}",
            _described(best.hyperparameters.values),
        )


def _described(values: Mapping[str, Any]) -> str:
    names = {_EPOCHS: "epochs"}
    return ", ".join(
        f"{names.get(name, name)} {value}"
        for name, value in values.items()
        if name in names or not is_search_state(name)
    )


class _ConfiguredFirst:
    """Mixin of an oracle whose first trial has the defaults of the space, and whose time is limited.

    Attributes:
        max_trials: most trials.
        seconds: duration of all trials after which no further one begins; None: no limit.
        used: duration of the finished trials.
    """

    max_trials: int | None
    seconds: float | None = None
    used = 0.0

    def populate_space(self: Any, trial_id: str) -> dict[str, Any]:
        if self.start_order:
            if self.seconds is not None and self.used >= self.seconds:
                logging.info("the search ends: its trials have taken %.0f s", self.used)
                return {"status": TrialStatus.STOPPED, "values": None}
            return super().populate_space(trial_id)  # type: ignore[misc]
        return {
            "status": TrialStatus.RUNNING,
            "values": {choice.name: choice.default for choice in self.get_space().space} | self.first(),
        }

    def first(self) -> dict[str, Any]:
        """Returns further values of the first trial."""
        return {}


class _RandomOracle(_ConfiguredFirst, keras_tuner.oracles.RandomSearchOracle):
    pass


class _BayesianOracle(_ConfiguredFirst, keras_tuner.oracles.BayesianOptimizationOracle):
    pass


class _HyperbandOracle(_ConfiguredFirst, keras_tuner.oracles.HyperbandOracle):
    """KerasTuner's pruning. It has no median stopping rule.

    The configured settings are outside the rounds: they train for all epochs, so that the winner is at least as good.
    """

    def first(self) -> dict[str, Any]:
        return {_EPOCHS: self.max_epochs, "tuner/initial_epoch": 0, "tuner/bracket": 0, "tuner/round": 0}


_ORACLES = {"random": _RandomOracle, "bayesian": _BayesianOracle, "hyperband": _HyperbandOracle}
