"""Configurations in layers: a file with all defaults, a file over it, single settings over both."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from configs.config_error import ConfigError

_LIMITS = {
    "greater_than": ("gt", ">"),
    "greater_than_equal": ("ge", ">="),
    "less_than": ("lt", "<"),
    "less_than_equal": ("le", "<="),
}


def read_layer(path: Path) -> dict[str, Any]:
    """Reads a YAML file of sections.

    Raises:
        ConfigError: it cannot be read, or holds something else.
    """
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


def parse_setting(setting: str, option: str = "--set") -> dict[str, Any]:
    """Reads `section.key=value`, with a YAML value, into nested mappings.

    Raises:
        ConfigError: it is no such text.
    """
    path, equals, text = setting.partition("=")
    if not equals or not all(path.split(".")):
        raise ConfigError(f"{option} takes section.key=value, got {setting!r}; for example --set trainer.epochs=3")
    try:
        value = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ConfigError(f"{option} {path}: the value {text!r} is not YAML: {error}") from None
    for key in reversed(path.split(".")):
        value = {key: value}
    return value


def merge_layers(
    base: Mapping[str, Any],
    changes: Mapping[str, Any],
    replaced: Collection[tuple[str, ...]] = (),
    path: tuple[str, ...] = (),
) -> dict[str, Any]:
    """Puts changes over a mapping, section by section.

    Args:
        base: what is changed; it stays as it is.
        changes: values in the place of its values.
        replaced: paths of mappings whose keys are the user's own: to name some is to drop the others.
        path: where base stands in the whole.
    """
    merged = dict(base)
    for key, value in changes.items():
        here = (*path, str(key))
        deeper = isinstance(value, Mapping) and isinstance(merged.get(key), Mapping) and here not in replaced
        merged[key] = merge_layers(merged[key], value, replaced, here) if deeper else value
    return merged


def not_legal(what: str, error: ValidationError, base: Path) -> ConfigError:
    """Returns pydantic's error in words, one line for each wrong value.

    Args:
        what: the configuration, for the first line.
        error: of its validation.
        base: the file of defaults, which knows all settings.
    """
    lines = [_explain(detail, base) for detail in error.errors()]
    return ConfigError("\n".join([f"{what} is not legal:", *(f"  {line}" for line in lines)]))


def _explain(detail: Mapping[str, Any], base: Path) -> str:
    """One pydantic error in words."""
    kind, context = detail["type"], detail.get("ctx", {})
    where = f"[{' -> '.join(str(part) for part in detail['loc'])}]"
    if kind == "extra_forbidden":
        return f"{where} is not a setting{_suggestion(detail['loc'], base)}"
    if kind == "missing":
        return f"{where} is missing"
    if kind in _LIMITS:
        name, sign = _LIMITS[kind]
        limit = context[name]
        return f"{where} must be {sign} {limit:g}, got {detail['input']}"
    if kind == "literal_error":
        return f"{where} must be one of {context['expected']}, got {detail['input']!r}"
    message = detail["msg"].removeprefix("Value error, ")
    if not detail["loc"]:  # about several values: all of them would be a page
        return message
    return f"{where} {message[:1].lower()}{message[1:]}, got {detail['input']!r}"


def _suggestion(path: tuple[int | str, ...], base: Path) -> str:
    """Names the settings that stand at the same place in the file of defaults."""
    known: Any = read_layer(base)
    for part in path[:-1]:
        known = known.get(part, {}) if isinstance(known, dict) else {}
    if not isinstance(known, dict) or not known:
        return ""
    close = difflib.get_close_matches(str(path[-1]), known, 1)
    return f"; did you mean {close[0]}?" if close else f"; known are {', '.join(known)}"
