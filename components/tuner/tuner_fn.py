"""Function that TFX's Tuner calls by its dotted path."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from typing import Any

import keras
import tensorflow_transform as tft
from absl import logging
from tfx.components.trainer.fn_args_utils import FnArgs
from tfx.components.tuner.component import TunerFnResult
from tfx.dsl.io import fileio

from components.common.files import write_atomically
from components.keys import VAL_ENTITY_F1
from components.text.windows import Windows
from components.trainer.data.dataset import read_windows
from components.trainer.inputs import TrainingInputs, training_id
from components.trainer.loop.checkpoint import Checkpoint
from components.trainer.settings import TrainerSettings
from components.trainer.training import train
from components.tuner.search_space import default_choices, search_space
from components.tuner.settings import TunerSettings
from components.tuner.tagger_tuner import TaggerTuner, TrialResult

_SECONDS = "seconds"


def tuner_fn(fn_args: FnArgs) -> TunerFnResult:
    """Creates the search that the component's `custom_config` describes.

    Args:
        fn_args: arguments of TFX. `custom_config` holds `trainer` (values of `TrainerSettings`), `tuner` (values of
            `TunerSettings`), and optionally `checkpoint_dir`, a folder that outlives the process, and `code_version`;
            other keys only invalidate TFX's cache.

    Raises:
        NerError: the space names an unknown setting, or none of the tagger.
    """
    config: Mapping[str, Any] = fn_args.custom_config
    search = TunerSettings.model_validate(config["tuner"])
    # One host: several would need as many searches that agree.
    settings = TrainerSettings.model_validate(config["trainer"]).replace({"epochs": search.epochs, "hosts": 1})
    inputs = TrainingInputs(_files(fn_args.train_files), _files(fn_args.eval_files), fn_args.transform_graph_path)
    if settings.teacher is not None:
        logging.warning(
            "trainer.teacher: the trials learn from the labelled sentences alone; only the Trainer has the teacher."
        )
    num_windows = _count_windows(inputs, settings)
    sized = settings.for_windows(num_windows)

    # KerasTuner's own state is not used: a kill can damage it. The search is deterministic, so a repeated one asks for
    # the same trials again.
    trials = f"{config.get('checkpoint_dir') or fn_args.working_dir}/trials"

    def trained(candidate: TrainerSettings) -> TrialResult:
        folder = f"{trials}/{training_id(candidate, inputs, config.get('code_version'))}"
        if fileio.exists(f"{folder}.json"):
            with fileio.open(f"{folder}.json") as file:
                values = json.load(file)
            return TrialResult(float(values[VAL_ENTITY_F1]), float(values[_SECONDS]))
        keras.utils.clear_session()
        checkpoint, start = Checkpoint(folder), time.monotonic()
        best = train(candidate, inputs, checkpoint=checkpoint).best_f1
        result = TrialResult(best, time.monotonic() - start)
        write_atomically(f"{folder}.json", json.dumps({VAL_ENTITY_F1: result.f1, _SECONDS: result.seconds}))
        checkpoint.discard()
        return result

    choices = search.space if isinstance(search.space, dict) else default_choices(sized, num_windows)
    tuner = TaggerTuner(sized, search_space(sized, choices), trained, search, fn_args.working_dir)
    return TunerFnResult(tuner=tuner, fit_kwargs={})


def _count_windows(inputs: TrainingInputs, settings: TrainerSettings) -> int:
    spec = tft.TFTransformOutput(inputs.transform_graph).transformed_feature_spec()
    windows = Windows(settings.window_size, settings.window_context)
    return sum(len(lengths) for lengths, _ in read_windows(inputs.train_files, spec, windows))


def _files(patterns: Sequence[str]) -> list[str]:
    return sorted(file for pattern in patterns for file in fileio.glob(pattern))
