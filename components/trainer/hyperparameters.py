"""Hyperparameters found by the Tuner."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from components.common.errors import NerError
from components.keys import HYPERPARAMETERS_FILE
from components.trainer.settings import TrainerSettings


def read_hyperparameters(folder: str) -> dict[str, Any]:
    """Returns the values of a standard `HyperParameters` artifact by name.

    Args:
        folder: the artifact; it holds the configuration of a `keras_tuner.HyperParameters` as JSON.

    Raises:
        NerError: the file is missing or has another form.
    """
    path = Path(folder, HYPERPARAMETERS_FILE)
    try:
        values = json.loads(path.read_text(encoding="utf-8"))["values"]
        return {name: value for name, value in values.items() if not is_search_state(name)}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise NerError(
            f"{path}: not a file of hyperparameters ({type(error).__name__}: {error}). Give an artifact of TFX's Tuner."
        ) from None


def is_search_state(name: str) -> bool:
    """Returns whether KerasTuner keeps the state of a search under this name (Hyperband's rounds), not a setting.

    Example:
        >>> is_search_state("tuner/epochs"), is_search_state("cnn_linear.dropout")
        (True, False)
    """
    return name.startswith("tuner/")


def with_hyperparameters(settings: TrainerSettings, values: Mapping[str, Any]) -> TrainerSettings:
    """Returns the settings with the values that a search chose.

    Args:
        settings: settings of the trainer.
        values: value by setting, for example `cnn_linear.dropout`. KerasTuner knows numbers and text only, so a list
            arrives as JSON text. The state of the search is skipped.

    Raises:
        NerError: a name is not a setting, or a value is not valid.
    """
    try:
        decoded = {
            name: json.loads(value) if isinstance(settings[name], tuple) and isinstance(value, str) else value
            for name, value in values.items()
            if not is_search_state(name)
        }
        return settings.replace(decoded)
    except KeyError as error:
        raise NerError(f"tuner.space: {error.args[0]!r} is not a trainer setting. Remove it.") from None
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(str(part) for part in first["loc"] if part != "[value]") or "trainer"
        raise NerError(f"tuner.space: {name}: {first['msg']}. Change the value.") from None
