"""Reads a configuration: base.yaml, changed by a profile, changed by `--set`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pydantic import ValidationError

from configs.layers import merge_layers, not_legal, parse_setting, read_layer
from configs.spec import PipelineConfig

BASE = Path(__file__).with_name("base.yaml")
# Mappings whose keys are the user's own: to name some is to drop the others.
_REPLACED = {("exporter", "forward"), ("tuner", "space")}


def load_config(profile: Path | None, settings: Sequence[str] = ()) -> PipelineConfig:
    """Reads and checks a configuration.

    Args:
        profile: YAML file whose values replace base.yaml's; none for the defaults.
        settings: `section.key=value` with a YAML value, applied last, in order.

    Raises:
        ConfigError: a file cannot be read or a value is not legal; all wrong values are named.
    """
    values = read_layer(BASE)
    if profile is not None:
        values = merge_layers(values, read_layer(profile), _REPLACED)
    for setting in settings:
        values = merge_layers(values, parse_setting(setting), _REPLACED)
    try:
        return PipelineConfig.model_validate(values)
    except ValidationError as error:
        raise not_legal(f"configuration {profile}" if profile else "configuration", error, BASE) from None
