"""Settings that a search found to be better than the configured ones."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from components.common.errors import NerError
from components.trainer.settings import TrainerSettings

# TFX's Tuner writes this file into its artifact; its name is no part of TFX's interface.
FILE = "best_hyperparameters.txt"


def read_hyperparameters(folder: str) -> dict[str, Any]:
    """Returns the values of a standard `HyperParameters` artifact by name.

    Args:
        folder: the artifact; it holds the configuration of a `keras_tuner.HyperParameters` as JSON.

    Raises:
        NerError: there is no such file.
    """
    path = Path(folder, FILE)
    try:
        return dict(json.loads(path.read_text(encoding="utf-8"))["values"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise NerError(
            f"{path} holds no hyperparameters ({type(error).__name__}: {error}); they are what TFX's Tuner writes"
        ) from None


def setting(settings: TrainerSettings, name: str) -> Any:
    """Returns a setting's value.

    Args:
        settings: of the trainer.
        name: a field, or the tagger and one of its options, such as `cnn_linear.dropout`.

    Raises:
        NerError: the settings have no such value.
    """
    tagger, dot, option = name.partition(".")
    values = settings.tagger_options if dot and tagger == settings.tagger else vars(settings)
    key = option if dot else name
    if key not in values or (dot and tagger != settings.tagger):
        raise NerError(f"[tuner -> space] {name!r} is no setting of the trainer with the tagger {settings.tagger}")
    return values[key]


def with_hyperparameters(settings: TrainerSettings, values: Mapping[str, Any]) -> TrainerSettings:
    """Returns the settings with other values.

    Args:
        settings: of the trainer.
        values: by name, as `setting` takes it. A list is text, since KerasTuner knows numbers and text only: JSON.

    Raises:
        NerError: the settings have no value of that name.
    """
    fields, options = {}, dict(settings.tagger_options)
    for name, value in values.items():
        given = setting(settings, name)
        new = json.loads(value) if isinstance(given, list | tuple) and isinstance(value, str) else value
        if "." in name:
            options[name.partition(".")[2]] = new
        else:
            fields[name] = type(given)(new)
    return dataclasses.replace(settings, **fields, tagger_options=options)
