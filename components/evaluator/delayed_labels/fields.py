"""Takes checked values out of a JSON object."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from components.evaluator.errors import EvaluationError


def key_of(record: Mapping[str, Any], where: str) -> str:
    """The key of a record, `key` or `id`.

    Args:
        record: the object.
        where: file and line, for errors.

    Raises:
        EvaluationError: it has none that is a text or a whole number.
    """
    key = record.get("key", record.get("id"))
    if isinstance(key, bool) or not isinstance(key, str | int) or key == "":
        raise EvaluationError(
            f"{where}: has the key {key!r}; give each object a text or whole number as `key` (or `id`)"
        )
    return str(key)


def texts_of(record: Mapping[str, Any], name: str, where: str) -> list[str] | None:
    """A list of texts; None when there is no such field.

    Raises:
        EvaluationError: the field holds something else.
    """
    values = record.get(name)
    if values is None:
        return None
    if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
        raise EvaluationError(f"{where}: `{name}` is {_shown(values)}; write a list of texts")
    return values


def numbers_of(record: Mapping[str, Any], name: str, where: str) -> list[float] | None:
    """A list of finite numbers; None when there is no such field.

    Raises:
        EvaluationError: the field holds something else.
    """
    values = record.get(name)
    if values is None:
        return None
    if not isinstance(values, list) or not all(_is_number(value) for value in values):
        raise EvaluationError(f"{where}: `{name}` is {_shown(values)}; write a list of numbers")
    return values


def same_length(where: str, **columns: Sequence[Any] | None) -> None:
    """Checks that columns are of one length; None is none.

    Raises:
        EvaluationError: they are not.
    """
    lengths = {name: len(values) for name, values in columns.items() if values is not None}
    if len(set(lengths.values())) > 1:
        spoken = ", ".join(f"{length} {name}" for name, length in lengths.items())
        raise EvaluationError(f"{where}: has {spoken}; each token needs one of each")


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
