"""Reads a configuration: base.yaml, changed by a profile, changed by `--set`."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from configs.config_error import ConfigError
from configs.spec import PipelineConfig

BASE = Path(__file__).with_name("base.yaml")
# Mappings whose keys are the user's own: to name some is to drop the others.
_REPLACED = {("exporter", "forward"), ("tuner", "space")}
_LIMITS = {
    "greater_than": ("gt", ">"),
    "greater_than_equal": ("ge", ">="),
    "less_than": ("lt", "<"),
    "less_than_equal": ("le", "<="),
}


def load_config(profile: Path | None, settings: Sequence[str] = ()) -> PipelineConfig:
    """Reads and checks a configuration.

    Args:
        profile: YAML file whose values replace base.yaml's; none for the defaults.
        settings: `section.key=value` with a YAML value, applied last, in order.

    Raises:
        ConfigError: a file cannot be read or a value is not legal; all wrong values are named.
    """
    values = _read(BASE)
    if profile is not None:
        values = _merge(values, _read(profile))
    for setting in settings:
        values = _merge(values, _parse_setting(setting))
    try:
        return PipelineConfig.model_validate(values)
    except ValidationError as error:
        where = f"configuration {profile}" if profile else "configuration"
        lines = [_explain(detail) for detail in error.errors()]
        raise ConfigError("\n".join([f"{where} is not legal:", *(f"  {line}" for line in lines)])) from None


def _read(path: Path) -> dict[str, Any]:
    try:
        values = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(
            f"configuration {path} cannot be read: {error.strerror}; give an existing YAML file"
        ) from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ConfigError(f"configuration {path} is not YAML: {error}") from None
    if not isinstance(values, dict):
        raise ConfigError(f"configuration {path} must be a mapping of sections, found {type(values).__name__}")
    return values


def _parse_setting(setting: str) -> dict[str, Any]:
    path, equals, text = setting.partition("=")
    if not equals or not all(path.split(".")):
        raise ConfigError(f"--set takes section.key=value, got {setting!r}; for example --set trainer.epochs=3")
    try:
        value = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ConfigError(f"--set {path}: the value {text!r} is not YAML: {error}") from None
    for key in reversed(path.split(".")):
        value = {key: value}
    return value


def _merge(base: Mapping[str, Any], changes: Mapping[str, Any], path: tuple[str, ...] = ()) -> dict[str, Any]:
    merged = dict(base)
    for key, value in changes.items():
        here = (*path, str(key))
        deeper = isinstance(value, Mapping) and isinstance(merged.get(key), Mapping) and here not in _REPLACED
        merged[key] = _merge(merged[key], value, here) if deeper else value
    return merged


def _explain(detail: Mapping[str, Any]) -> str:
    """One pydantic error in words."""
    kind, context = detail["type"], detail.get("ctx", {})
    where = f"[{' -> '.join(str(part) for part in detail['loc'])}]"
    if kind == "extra_forbidden":
        return f"{where} is not a setting{_suggestion(detail['loc'])}"
    if kind == "missing":
        return f"{where} is missing"
    if kind in _LIMITS:
        name, sign = _LIMITS[kind]
        limit = context[name]
        return f"{where} must be {sign} {limit:g}, got {detail['input']}"
    if kind == "literal_error":
        return f"{where} must be one of {context['expected']}, got {detail['input']!r}"
    message = detail["msg"].removeprefix("Value error, ")
    return f"{where} {message[:1].lower()}{message[1:]}, got {detail['input']!r}"


def _suggestion(path: tuple[int | str, ...]) -> str:
    """Names the settings that stand at the same place in base.yaml."""
    known: Any = _read(BASE)
    for part in path[:-1]:
        known = known.get(part, {}) if isinstance(known, dict) else {}
    if not isinstance(known, dict) or not known:
        return ""
    close = difflib.get_close_matches(str(path[-1]), known, 1)
    return f"; did you mean {close[0]}?" if close else f"; known are {', '.join(known)}"
