"""Values of a pipeline's parameters, from NAME=VALUE as a user writes it."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterable
from typing import Any

from components.common.errors import NerError
from pipeline.kubeflow.client.pipeline_spec import PipelineSpec

_MACRO = re.compile(r"\[\[.*?\]\]")
_KNOWN_MACRO = re.compile(r"\[\[(ScheduledTime|CurrentTime)(\.[^\]]+)?\]\]|\[\[(Index|RunUUID)\]\]")


def typed_parameters(pipeline: PipelineSpec, settings: Iterable[str], *, macros: bool = False) -> dict[str, Any]:
    """Returns name -> value, of the type that the pipeline declares.

    Args:
        pipeline: declares the parameters.
        settings: `NAME=VALUE` each; lists and structures as JSON.
        macros: whether Kubeflow Pipelines will replace `[[ScheduledTime]]` and its like, as schedules have it.

    Raises:
        NerError: not NAME=VALUE, given twice, no such parameter, not of its type, a macro that KFP does not know or
            does not replace here, or a parameter without a default that is not given.
    """
    known = pipeline.parameters
    values: dict[str, Any] = {}
    for setting in settings:
        name, equals, text = setting.partition("=")
        if not equals or not name:
            raise NerError(f"--param {setting!r} is not NAME=VALUE")
        if name not in known:
            raise NerError(f"--param {name}: {pipeline.source} has no such parameter; it has {_listed(known)}")
        if name in values:
            raise NerError(f"--param {name} is given twice")
        values[name] = _typed(name, text, known[name].get("parameterType", "STRING"))
        _check_macros(name, text, macros)
    missing = [name for name, definition in known.items() if name not in values and _is_required(definition)]
    if missing:
        raise NerError(f"{pipeline.source} wants a value of {', '.join(missing)}: --param {missing[0]}=...")
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


# Type in the specification -> (parser, what to write).
_TYPES: dict[str, tuple[Callable[[str], Any], str]] = {
    "STRING": (str, "any text"),
    "NUMBER_INTEGER": (_integer, "a whole number"),
    "NUMBER_DOUBLE": (_double, "a number"),
    "BOOLEAN": (_boolean, "true or false"),
    "LIST": (_json_of(list), "a list in JSON, e.g. [1, 2]"),
    "STRUCT": (_json_of(dict), 'an object in JSON, e.g. {"a": 1}'),
}


def _typed(name: str, text: str, kind: str) -> Any:
    if kind not in _TYPES:
        raise NerError(f"--param {name}: values of the type {kind} cannot be given on the command line")
    parse, wanted = _TYPES[kind]
    try:
        return parse(text)
    except (ValueError, KeyError):
        advice = " (macros such as [[ScheduledTime]] go into text parameters only)" if _MACRO.search(text) else ""
        raise NerError(f"--param {name} is {text!r}, and {kind} wants {wanted}{advice}") from None


def _check_macros(name: str, text: str, macros: bool) -> None:
    for macro in _MACRO.findall(text):
        if not macros:
            raise NerError(f"--param {name}: {macro} is replaced in scheduled runs only (`ner kfp schedule`)")
        if not _KNOWN_MACRO.fullmatch(macro):
            raise NerError(
                f"--param {name}: Kubeflow Pipelines does not know {macro}; it knows [[ScheduledTime]], "
                "[[CurrentTime]] (20060102150405 in Go's notation, or [[ScheduledTime.2006-01-02]] and the like, in "
                "UTC), [[Index]] and [[RunUUID]]"
            )
