"""What TFX's Tuner calls, by its dotted path."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import keras
from tfx.components.trainer.fn_args_utils import FnArgs
from tfx.components.tuner.component import TunerFnResult
from tfx.dsl.io import fileio

from components.trainer.settings import TrainerSettings
from components.trainer.training import train
from components.tuner.search_space import search_space
from components.tuner.settings import TunerSettings
from components.tuner.tagger_tuner import TaggerTuner


def tuner_fn(fn_args: FnArgs) -> TunerFnResult:
    """Makes the search that the component's `custom_config` describes.

    Args:
        fn_args: arguments of TFX. `custom_config` holds `trainer` (JSON of `TrainerSettings`) and `tuner` (JSON of
            `TunerSettings`); other keys only invalidate TFX's cache.

    Raises:
        NerError: the space names what is no setting, or has nothing for the tagger.
    """
    config: Mapping[str, Any] = fn_args.custom_config
    tuner_settings = TunerSettings.model_validate_json(config["tuner"])
    # One host: several would need as many searches that agree.
    trainer_settings = TrainerSettings.model_validate_json(config["trainer"])
    settings = trainer_settings.replace({"epochs": tuner_settings.epochs, "hosts": 1})
    train_files, eval_files = _files(fn_args.train_files), _files(fn_args.eval_files)

    def score(candidate: TrainerSettings) -> float:
        keras.utils.clear_session()
        history = train(candidate, train_files, eval_files, fn_args.transform_graph_path).history
        return max(epoch["val_entity_f1"] or 0.0 for epoch in history)

    tuner = TaggerTuner(
        settings,
        search_space(settings, tuner_settings.space),
        score,
        tuner_settings.trials,
        tuner_settings.method,
        fn_args.working_dir,
    )
    return TunerFnResult(tuner=tuner, fit_kwargs={})


def _files(patterns: Sequence[str]) -> list[str]:
    return sorted(file for pattern in patterns for file in fileio.glob(pattern))
