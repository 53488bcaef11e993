"""Layered configuration: a file of defaults, a profile over it, single settings over both."""

from __future__ import annotations

import difflib
import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ValidationError

from components.common.errors import NerError, counted, quoted
from components.common.masking import secret_in

_TYPES = {
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "dataclass_type": "a section of settings",
    "dict_type": "a mapping",
    "finite_number": "a finite number",
    "float_parsing": "a number",
    "float_type": "a number",
    "int_from_float": "a whole number",
    "int_parsing": "a whole number",
    "int_type": "a whole number",
    "model_type": "a section of settings",
    "path_type": "a path",
    "string_type": "text",
    "tuple_type": "a list",
}
_EXAMPLES = {"--set": "--set trainer.epochs=3", "--set-cluster": "--set-cluster nodes.Trainer.timeout=12h"}
_LIMITS = {
    "greater_than": ("gt", ">"),
    "greater_than_equal": ("ge", ">="),
    "less_than": ("lt", "<"),
    "less_than_equal": ("le", "<="),
}


class ConfigError(NerError):
    """A configuration that cannot be read or holds invalid values."""


def yaml_problem(error: yaml.YAMLError | UnicodeDecodeError) -> tuple[str, str]:
    """Returns the line of an error of YAML, as it follows the name of a file, and the problem in one line.

    >>> try:
    ...     _ = yaml.safe_load("[1, 2")
    ... except yaml.YAMLError as error:
    ...     yaml_problem(error)
    (':1', "expected ',' or ']', but got '<stream end>'")
    """
    if isinstance(error, yaml.MarkedYAMLError) and error.problem and error.problem_mark:
        return f":{error.problem_mark.line + 1}", error.problem
    if isinstance(error, UnicodeDecodeError):
        return "", f"byte {error.start} is not UTF-8"
    return "", " ".join(str(error).split())


class _UniqueKeys(yaml.SafeLoader):
    """PyYAML's loader, which keeps the last of equal keys; here they are an error."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        """Returns the mapping of a node."""
        seen = set()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode):
                if key.value in seen:
                    problem = f"`{key.value}` occurs twice"
                    raise yaml.constructor.ConstructorError(problem=problem, problem_mark=key.start_mark)
                seen.add(key.value)
        return super().construct_mapping(node, deep)


def read_layer(path: Path) -> dict[str, Any]:
    """Reads a YAML file of sections.

    Raises:
        ConfigError: the file cannot be read, is not a mapping, or holds a password.
    """
    try:
        values = yaml.load(path.read_text(encoding="utf-8"), _UniqueKeys)
        _refuse_secrets(values, f"{path}: ")
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}. Give an existing YAML file.") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        line, problem = yaml_problem(error)
        raise ConfigError(f"{path}{line}: is not YAML ({problem}). Correct it, or give another file.") from None
    except RecursionError:
        raise ConfigError(f"{path}: an alias refers to itself. Remove it.") from None
    if not isinstance(values, dict | None):
        raise ConfigError(f"{path}: must be a mapping of sections, not {type(values).__name__}.")
    return values or {}


def parse_setting(setting: str, option: str = "--set") -> dict[str, Any]:
    """Parses `section.key=value`, with a YAML value, into nested mappings.

    Raises:
        ConfigError: the text has another form, or holds a password.
    """
    path, equals, text = setting.partition("=")
    if not equals or not all(path.split(".")):
        raise ConfigError(f"{option}: takes section.key=value, got {quoted(setting)}. For example: {_EXAMPLES[option]}")
    try:
        value = yaml.load(text, _UniqueKeys)
    except yaml.YAMLError as error:
        problem = yaml_problem(error)[1]
        raise ConfigError(
            f"{option} {path}: value {quoted(text)} is not YAML ({problem}). Put a text in quotes: {path}='\"…\"'"
        ) from None
    for key in reversed(path.split(".")):
        value = {key: value}
    _refuse_secrets(value, f"{option} ")
    return value


def _refuse_secrets(values: Any, where: str) -> None:
    """Refuses an address with a password or token: a configuration is stored with every run, artifact and version."""
    problems = [
        f"{where}{setting}: the address holds a password or token. Remove it, and use {place}"
        for setting, place in _secrets(values, ())
    ]
    if problems:
        raise ConfigError("\n".join(problems))


def _secrets(value: Any, path: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    """Yields (setting, place where its secret belongs)."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _secrets(inner, (*path, str(key)))
            yield from _secrets(str(key), path)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _secrets(inner, path)
    elif isinstance(value, str) and (place := secret_in(value)):
        yield ".".join(path), place


def merge_layers(
    base: Mapping[str, Any],
    changes: Mapping[str, Any],
    replaced: Collection[tuple[str, ...]] = (),
    path: tuple[str, ...] = (),
) -> dict[str, Any]:
    """Returns a mapping with the changes merged in, section by section.

    Args:
        base: the mapping to change; it is not modified.
        changes: new values.
        replaced: paths of mappings with user-defined keys, which a change replaces as a whole.
        path: path of `base` in the whole configuration.
    """
    merged = dict(base)
    for key, value in changes.items():
        inner = (*path, str(key))
        deeper = isinstance(value, Mapping) and isinstance(merged.get(key), Mapping) and inner not in replaced
        merged[key] = merge_layers(merged[key], value, replaced, inner) if deeper else value
    return merged


def validation_error(name: str, error: ValidationError, base: Path, model: type[BaseModel]) -> ConfigError:
    """Formats pydantic's error, one line for each invalid value.

    Args:
        name: name of the configuration, for the first line.
        error: error of its validation.
        base: file of defaults, which holds every setting.
        model: class of the configuration.
    """
    details = error.errors()
    # A list with an invalid value counts as too short, too.
    nested = {detail["loc"][:length] for detail in details for length in range(len(detail["loc"]))}
    lines = [
        _explain(detail, base, model)
        for detail in details
        if detail["type"] != "too_short" or detail["loc"] not in nested
    ]
    return ConfigError("\n".join([f"{name} is not valid:", *(f"  {line}" for line in lines)]))


def _explain(detail: Mapping[str, Any], base: Path, model: type[BaseModel]) -> str:
    """Formats one pydantic error as `<setting>: <problem>`."""
    kind, context = detail["type"], detail.get("ctx", {})
    where = ".".join(str(part) for part in detail["loc"] if part not in ("[key]", "[value]"))
    if kind == "extra_forbidden":
        return f"{where}: is not a setting{_suggestion(detail['loc'], base)}"
    if kind == "missing":
        return f"{where}: is missing"
    if kind in _LIMITS:
        name, sign = _LIMITS[kind]
        limit = context[name]
        return f"{where}: must be {sign} {limit if isinstance(limit, int) else f'{limit:g}'}, got {detail['input']}"
    if kind == "literal_error":
        return f"{where}: must be one of {context['expected']}, got {_shown(detail['input'])}"
    if kind in _TYPES:
        expected, fix = _TYPES[kind], _fix(kind, where, detail["input"])
        keys = [] if isinstance(detail["input"], Mapping) else _keys_in_list(model, detail["loc"])
        if keys:
            kinds = "a list of sections" if kind == "tuple_type" else "a section"
            expected, fix = f"{kinds} with the settings {', '.join(keys)}", ""
        return f"{where}: must be {expected}, got {_shown(detail['input'])}{fix}"
    if kind == "too_short":
        return f"{where}: must have {counted(context['min_length'], 'value')} or more, got {_shown(detail['input'])}"
    message = detail["msg"].removeprefix("Value error, ")
    if not where:  # of the whole configuration
        return message
    text = f"{where}: {message[:1].lower()}{message[1:]}"
    # The message about a section names its values; the whole section would fill a page.
    return text if isinstance(detail["input"], Mapping) else f"{text}, got {_shown(detail['input'])}"


def _fix(kind: str, where: str, value: Any) -> str:
    """Returns the remedy for a value of another type, as it follows the problem; "" if the type says all."""
    if kind == "string_type":
        return ". Put a text in quotes"
    if kind == "tuple_type" and value is not None:
        return f". Write {yaml.safe_dump([value], default_flow_style=True, allow_unicode=True).strip()}"
    return ". Columns count from 0" if kind.startswith("int") and where.endswith("_column") else ""


def _keys_in_list(model: type[BaseModel], path: Sequence[int | str]) -> list[str]:
    """Returns the settings of a section in a list, for the path of the list or of the section; of other values none."""
    name = path[-2] if isinstance(path[-1], int) else path[-1]
    definitions = model.model_json_schema()["$defs"]
    for definition in definitions.values():
        if section := definition.get("properties", {}).get(name, {}).get("items", {}).get("$ref"):
            return list(definitions[section.rpartition("/")[2]]["properties"])
    return []


def _shown(value: Any) -> str:
    """Formats a value as YAML has it."""
    return json.dumps(value) if value is None or isinstance(value, bool) else quoted(value)


def _suggestion(path: tuple[int | str, ...], base: Path) -> str:
    """Names the settings of the same section in the file of defaults."""
    known: Any = read_layer(base)
    for part in path[:-1]:
        known = known.get(part, {}) if isinstance(known, dict) else {}
    if not isinstance(known, dict) or not known:
        return ""
    inside = [f"{name}.{path[-1]}" for name, values in known.items() if isinstance(values, dict) and path[-1] in values]
    close = inside or difflib.get_close_matches(str(path[-1]), known, 1)
    section = "".join(f"{part}." for part in path[:-1])
    return f"; did you mean {section}{close[0]}?" if close else f"; known are {', '.join(known)}"
