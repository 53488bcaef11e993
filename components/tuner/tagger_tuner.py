"""A search for settings of the trainer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import keras_tuner
from absl import logging
from keras_tuner.engine.base_tuner import BaseTuner
from keras_tuner.engine.trial import Trial, TrialStatus

from components.common.errors import NerError
from components.trainer.hyperparameters import with_hyperparameters
from components.trainer.settings import TrainerSettings
from components.tuner.search_error import SearchError

OBJECTIVE: Final = "val_entity_f1"


class TaggerTuner(BaseTuner):
    """Trains a tagger for each trial, with the loop that trains the model in the end, and keeps its entity F1.

    The settings as they are configured are the first trial: what a search finds is never worse than they are, by the
    dev split and the epochs of a trial.
    """

    def __init__(
        self,
        settings: TrainerSettings,
        space: keras_tuner.HyperParameters,
        train: Callable[[TrainerSettings], float],
        trials: int,
        method: str,
        directory: str,
    ) -> None:
        """Sets up the search.

        Args:
            settings: of the trainer.
            space: what to choose from.
            train: trains a tagger and returns its best entity F1 on the dev split.
            trials: how many, at most; fewer where the space has fewer points.
            method: `random`, or `bayesian` (a Gaussian process over the trials so far).
            directory: where KerasTuner keeps its state.
        """
        self._settings, self._train = settings, train
        arguments: dict[str, Any] = {
            "objective": keras_tuner.Objective(OBJECTIVE, "max"),
            "max_trials": trials,
            "seed": settings.seed + 1,  # KerasTuner takes 0 for none
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
            SearchError: the corpus or a file is not right, so that no other trial will do better.
        """
        values = trial.hyperparameters.values
        shown = ", ".join(f"{name} {value}" for name, value in values.items())
        try:
            score = self._train(with_hyperparameters(self._settings, values))
        except NerError as error:
            raise SearchError(f"trial {trial.trial_id} ({shown}): {error}") from error
        except Exception:
            # KerasTuner goes on with the next one, and stops after three in a row.
            logging.exception("trial %s failed: %s", trial.trial_id, shown)
            raise
        logging.info("trial %s: entity F1 %.4f with %s", trial.trial_id, score, shown)
        return {OBJECTIVE: score}

    def on_search_end(self) -> None:
        """Makes sure that there is something to take.

        Raises:
            SearchError: no trial went well.
        """
        trials = self.oracle.trials.values()
        if not any(trial.status == TrialStatus.COMPLETED for trial in trials):
            raise SearchError("no trial of the search for settings went well; the log holds each one's error")

    def search_space_summary(self, extended: bool = False) -> None:
        """Logs the space; KerasTuner prints it."""
        for choice in self.oracle.get_space().space:
            logging.info("searches %s among %s", choice.name, ", ".join(map(str, choice.values)))

    def results_summary(self, num_trials: int = 10) -> None:
        """Logs the best settings; KerasTuner prints the trials."""
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
    """An oracle whose first trial has the defaults of the space."""

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
