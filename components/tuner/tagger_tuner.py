"""Hyperparameter search over settings of the trainer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras_tuner
from absl import logging
from keras_tuner.engine.base_tuner import BaseTuner
from keras_tuner.engine.trial import Trial, TrialStatus
from keras_tuner.errors import FatalError

from components.common.errors import NerError
from components.keys import VAL_ENTITY_F1
from components.trainer.hyperparameters import with_hyperparameters
from components.trainer.settings import TrainerSettings


class SearchError(NerError, FatalError):
    """Ends a search; KerasTuner treats every other error as a failed trial and continues."""


class TaggerTuner(BaseTuner):
    """Search that trains a tagger in each trial, with the Trainer's own loop, and maximizes its entity F1.

    The first trial has the configured settings, so the result is never worse than these on the eval split.

    Example (`tests/components/tuner/test_tagger_tuner.py` runs searches):

        tuner = TaggerTuner(settings, space, score, trials=12, method="random", directory="work/search")
        tuner.search()
    """

    def __init__(
        self,
        settings: TrainerSettings,
        space: keras_tuner.HyperParameters,
        train: Callable[[TrainerSettings], float],
        *,
        trials: int,
        method: str,
        directory: str,
    ) -> None:
        """Sets up the search.

        Args:
            settings: configured settings of the trainer.
            space: search space.
            train: trains a tagger and returns its best entity F1 on the eval split.
            trials: maximum number of trials; a smaller space ends the search earlier.
            method: `random`, or `bayesian` (a Gaussian process over the trials so far).
            directory: folder for KerasTuner's state.
        """
        self._settings, self._train = settings, train
        arguments: dict[str, Any] = {
            "objective": keras_tuner.Objective(VAL_ENTITY_F1, "max"),
            "max_trials": trials,
            "seed": settings.seed + 1,  # 0 means no seed to KerasTuner
            "hyperparameters": space,
            "allow_new_entries": False,
        }
        if method == "bayesian":
            arguments["num_initial_points"] = max(3, trials // 3)
        super().__init__(_ORACLES[method](**arguments), directory=directory, project_name="search")
        self.oracle.verbose = 0

    def run_trial(self, trial: Trial, *args: Any, **kwargs: Any) -> dict[str, float]:
        """Trains a tagger.

        Raises:
            SearchError: corpus or files are invalid, so every other trial would fail, too.
        """
        values = trial.hyperparameters.values
        chosen = ", ".join(f"{name} {value}" for name, value in values.items())
        try:
            score = self._train(with_hyperparameters(self._settings, values))
        except NerError as error:
            raise SearchError(f"trial {trial.trial_id} ({chosen}): {error}") from error
        except Exception:
            # KerasTuner continues with the next trial, and stops after three failures in a row.
            logging.exception("trial %s failed: %s", trial.trial_id, chosen)
            raise
        logging.info("trial %s: entity F1 %.4f with %s", trial.trial_id, score, chosen)
        return {VAL_ENTITY_F1: score}

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
            ", ".join(f"{name} {value}" for name, value in best.hyperparameters.values.items()),
        )


class _ConfiguredFirst:
    """Mixin of an oracle whose first trial has the defaults of the space."""

    def populate_space(self: Any, trial_id: str) -> dict[str, Any]:
        if self.start_order:
            return super().populate_space(trial_id)  # type: ignore[misc]
        return {
            "status": TrialStatus.RUNNING,
            "values": {choice.name: choice.default for choice in self.get_space().space},
        }


class _RandomOracle(_ConfiguredFirst, keras_tuner.oracles.RandomSearchOracle):
    pass


class _BayesianOracle(_ConfiguredFirst, keras_tuner.oracles.BayesianOptimizationOracle):
    pass


_ORACLES = {"random": _RandomOracle, "bayesian": _BayesianOracle}
