"""Search space of the Tuner."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import keras_tuner

from components.common.errors import NerError
from components.trainer.settings import TrainerSettings


def search_space(settings: TrainerSettings, choices: Mapping[str, Sequence[Any]]) -> keras_tuner.HyperParameters:
    """Builds the search space.

    Args:
        settings: configured settings of the trainer; they are the defaults, and always among the choices.
        choices: values by setting, for example `cnn_linear.dropout`. Options of other taggers are skipped.

    Raises:
        NerError: a name is not a setting, or none belongs to the tagger.

    Example (`tests/components/tuner/test_search_space.py` shows each kind of setting):

        space = search_space(settings, {"learning_rate": [0.001, 0.002], "cnn_linear.dilations": [[1, 2]]})
    """
    space = keras_tuner.HyperParameters()
    for name, values in choices.items():
        if "." in name and name.partition(".")[0] != settings.tagger_section:
            continue
        try:
            configured = settings[name]
        except KeyError:
            raise NerError(f"tuner.space: {name!r} is not a trainer setting. Remove it.") from None
        default = _plain(configured)
        candidates = list(dict.fromkeys([default, *(type(default)(_plain(value)) for value in values)]))
        ordered = isinstance(default, int | float) and not isinstance(default, bool)
        space.Choice(name, sorted(candidates) if ordered else candidates, default=default, ordered=ordered)
    if not space.space:
        raise NerError(
            f"tuner.space: names no setting of the tagger {settings.tagger}. Add some, such as "
            "{learning_rate: [0.001, 0.002]}, or set tuner.enabled=false."
        )
    return space


def _plain(value: Any) -> Any:
    """Returns a value as KerasTuner takes it: a number or text."""
    return json.dumps(list(value)) if isinstance(value, list | tuple) else value
