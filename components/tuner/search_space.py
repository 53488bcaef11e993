"""Search space of the Tuner."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import keras_tuner

from components.common.errors import NerError
from components.trainer.settings import SizedSettings, TrainerSettings

_SMALL = 2000
"""Sentences of a small train split, where the number of steps, the average over them, and the linear experts matter."""

_OF_ALL: tuple[dict[str, Sequence[Any]], dict[str, Sequence[Any]]] = (  # small, larger
    {"batch_size": (8, 16), "epoch_steps": (100, 300), "averaging": (0.99, 0.998)},
    {"batch_size": (16, 32, 64), "learning_rate": (0.001, 0.002, 0.004), "averaging": (0.998, 0.9995)},
)
_OF_TAGGER: dict[str, tuple[dict[str, Sequence[Any]], dict[str, Sequence[Any]]]] = {
    "cnn_linear": (
        {
            "cnn_linear.network_share": (0.1, 0.2, 0.35),
            "cnn_linear.dropout": (0.2, 0.4),
            "cnn_linear.linear_dropout": (0.3, 0.5, 0.7),
            "cnn_linear.linear_optimizer": ("adam", "lbfgs"),
        },
        {
            "cnn_linear.network_share": (0.2, 0.35, 0.5),
            "cnn_linear.dropout": (0.2, 0.3, 0.4),
            "cnn_linear.word_dropout": (0.2, 0.4),
        },
    ),
    "transformer": ({"transformer.rate": (0.1, 0.2, 0.3)}, {"transformer.rate": (0.1, 0.2, 0.3)}),
    # A pretrained encoder forgets with the step sizes of the others.
    "encoder": ({"learning_rate": (2e-5, 5e-5, 1e-4)}, {"learning_rate": (2e-5, 5e-5, 1e-4)}),
}


def default_choices(settings: SizedSettings, sentences: int) -> dict[str, Sequence[Any]]:
    """Returns the values to try for `tuner.space: auto`, by setting.

    Args:
        settings: configured settings of the trainer.
        sentences: number of sentences in the train split.

    Example: `test_the_default_space_depends_on_size_and_tagger` (tests/components/tuner/test_search_space.py).
    """
    larger = int(sentences > _SMALL)
    return {**_OF_ALL[larger], **_OF_TAGGER.get(settings.tagger, ({}, {}))[larger]}


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
