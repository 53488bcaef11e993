"""Loads a configuration: base.yaml, then a profile, then `--set`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pydantic import ValidationError

from configs.layers import merge_layers, parse_setting, read_layer, validation_error
from configs.spec import PipelineConfig

BASE = Path(__file__).with_name("base.yaml")
# Mappings with user-defined keys: a change replaces the whole mapping.
_REPLACED = {("evaluator", "metrics"), ("exporter", "forward"), ("exporter", "signatures"), ("tuner", "space")}


def load_config(profile: Path | None, settings: Sequence[str] = ()) -> PipelineConfig:
    """Loads and validates a configuration.

    Args:
        profile: YAML file whose values replace those of base.yaml; None keeps the defaults.
        settings: `section.key=value` with a YAML value, applied last, in order.

    Raises:
        ConfigError: a file cannot be read or values are not valid; the text names all of them.

    Example:
        >>> load_config(None, ["trainer.epochs=3"]).trainer.epochs
        3
    """
    values = read_layer(BASE)
    if profile is not None:
        values = merge_layers(values, read_layer(profile), _REPLACED)
    for setting in settings:
        values = merge_layers(values, parse_setting(setting), _REPLACED)
    try:
        return PipelineConfig.model_validate(values)
    except ValidationError as error:
        raise validation_error(
            f"configuration {profile}" if profile else "configuration", error, BASE, PipelineConfig
        ) from None
