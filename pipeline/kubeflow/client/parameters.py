"""Typed values of pipeline parameters from NAME=VALUE."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterable
from typing import Any

from components.common.errors import NerError
from components.common.masking import secret_in
from pipeline.kubeflow.client.pipeline_spec import PipelineSpec


def typed_parameters(pipeline: PipelineSpec, settings: Iterable[str]) -> dict[str, Any]:
    """Returns name -> value with the types that the pipeline declares.

    Args:
        pipeline: declares the parameters.
        settings: `NAME=VALUE` each; lists and structs as JSON.

    Raises:
        NerError: not NAME=VALUE, given twice, an unknown parameter, a value of another type, a macro, or a required
            parameter without a value.
    """
    known = pipeline.parameters
    values: dict[str, Any] = {}
    for setting in settings:
        name, equals, text = setting.partition("=")
        if not equals or not name:
            raise NerError(f"--param {setting!r}: not NAME=VALUE. Write e.g. epochs=3")
        if name not in known:
            raise NerError(f"--param {name}: unknown parameter. {pipeline.source} has {_listed(known)}")
        if name in values:
            raise NerError(f"--param {name}: given twice. Give it once")
        if macro := re.search(r"\[\[.*?\]\]", text):
            # Measured with KFP 2.17: it replaces macros only where no version is pinned, and then not all of them.
            raise NerError(f"--param {name}: Kubeflow Pipelines does not replace {macro[0]}. Give a plain value")
        if place := secret_in(text):
            raise NerError(f"--param {name}: it holds a password or token, which the server shows. Use {place}")
        values[name] = _typed(name, text, known[name].get("parameterType", "STRING"))
    missing = [name for name, definition in known.items() if name not in values and _is_required(definition)]
    if missing:
        raise NerError(f"{pipeline.source}: no value for {', '.join(missing)}. Add --param {missing[0]}=...")
    return values


def _is_required(definition: dict[str, Any]) -> bool:
    return "defaultValue" not in definition and not definition.get("isOptional")


def _listed(known: dict[str, dict[str, Any]]) -> str:
    shown = [f"{name} ({definition.get('parameterType', '?')})" for name, definition in known.items()]
    return ", ".join(shown) or "none"


def _integer(text: str) -> int:
    if not re.fullmatch(r"[+-]?[0-9]+", text.strip()):
        raise ValueError
    return int(text)


def _double(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError
    return value


def _boolean(text: str) -> bool:
    return {"true": True, "false": False}[text.strip().lower()]


def _json_of(kind: type) -> Callable[[str], Any]:
    def parse(text: str) -> Any:
        value = json.loads(text)
        if not isinstance(value, kind):
            raise ValueError
        return value

    return parse


# Type in the specification -> (parser, expected form).
_TYPES: dict[str, tuple[Callable[[str], Any], str]] = {
    "STRING": (str, "any text"),
    "NUMBER_INTEGER": (_integer, "an integer"),
    "NUMBER_DOUBLE": (_double, "a number"),
    "BOOLEAN": (_boolean, "true or false"),
    "LIST": (_json_of(list), "a list in JSON, e.g. [1, 2]"),
    "STRUCT": (_json_of(dict), 'an object in JSON, e.g. {"a": 1}'),
}


def _typed(name: str, text: str, kind: str) -> Any:
    if kind not in _TYPES:
        raise NerError(f"--param {name}: the command line cannot give values of type {kind}. Use the web interface")
    parse, expected = _TYPES[kind]
    try:
        return parse(text)
    except (ValueError, KeyError):
        raise NerError(f"--param {name}: {text!r} is not of type {kind}. Give {expected}") from None
