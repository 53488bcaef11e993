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
from components.tuner.tagger_tuner import TaggerTuner


def tuner_fn(fn_args: FnArgs) -> TunerFnResult:
    """Makes the search that the component's `custom_config` describes.

    Args:
        fn_args: of TFX. `custom_config` holds `settings` (the fields of `TrainerSettings`), `epochs` (of a trial),
            `trials`, `method` and `space` (values by name, see `search_space`). Other keys only serve to make TFX's
            cache see a change.

    Raises:
        NerError: the space names what is no setting, or has nothing for the tagger.
    """
    config: Mapping[str, Any] = fn_args.custom_config
    # Several hosts would need as many searches that agree.
    settings = TrainerSettings(**{**config["settings"], "epochs": int(config["epochs"]), "hosts": 1})
    train_files, eval_files = _files(fn_args.train_files), _files(fn_args.eval_files)

    def score(candidate: TrainerSettings) -> float:
        keras.utils.clear_session()
        history = train(candidate, train_files, eval_files, fn_args.transform_graph_path).history
        return max(epoch["val_entity_f1"] or 0.0 for epoch in history)

    tuner = TaggerTuner(
        settings,
        search_space(settings, config["space"]),
        score,
        int(config["trials"]),
        config["method"],
        fn_args.working_dir,
    )
    return TunerFnResult(tuner=tuner, fit_kwargs={})


def _files(patterns: Sequence[str]) -> list[str]:
    return sorted(file for pattern in patterns for file in fileio.glob(pattern))
