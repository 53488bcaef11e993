"""What a search may choose from."""

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
        settings: of the trainer as they are configured. They are the defaults, and so always among the choices.
        choices: values by name: a field of `TrainerSettings`, or a tagger and one of its options such as
            `cnn_linear.dropout`. Those of another tagger are left out.

    Raises:
        NerError: a name is no setting, or there is none.
    """
    space = keras_tuner.HyperParameters()
    for name, values in choices.items():
        if "." in name and name.partition(".")[0] != settings.tagger:
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
    """KerasTuner's choices are numbers or text."""
    return json.dumps(list(value)) if isinstance(value, list | tuple) else value
