"""One logged answer of a served model."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence
from typing import Any, Self

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


@dataclasses.dataclass(frozen=True)
class Prediction:
    """What the signature `keyed` answered for one sentence.

    Attributes:
        key: the caller's key.
        tokens: the served tokens, without padding.
        tags: the tag of each.
        scores: its probability; None where the log has none.
        starts: offset of each token's first character in the raw sentence.
        fields: everything in the log's line, for slices and windows.
    """

    key: str
    tokens: tuple[str, ...]
    tags: tuple[str, ...]
    scores: tuple[float, ...] | None
    starts: tuple[int, ...]
    fields: Mapping[str, Any]

    @classmethod
    def from_record(cls, record: Mapping[str, Any], where: str) -> Self:
        """Reads a line of the log.

        Args:
            record: an object with `key` and the outputs `tokens`, `tags`, `starts`, `ends` and perhaps `scores`, padded
                or not; or with these in `prediction`, and the request's features in `instance`, as Vertex AI's batch
                prediction writes it.
            where: file and line, for errors.

        Raises:
            EvaluationError: an output is missing or does not fit the others.
        """
        fields = dict(record)
        for name in ("instance", "prediction"):
            if isinstance(fields.get(name), dict):
                fields |= fields.pop(name)
        tokens, tags = (texts_of(fields, name, where) for name in ("tokens", "tags"))
        starts, ends, scores = (numbers_of(fields, name, where) for name in ("starts", "ends", "scores"))
        if tokens is None or tags is None or starts is None or ends is None:
            missing = [name for name in ("tokens", "tags", "starts", "ends") if fields.get(name) is None]
            raise EvaluationError(
                f"{where}: lacks {', '.join(missing)}; log what the signature `keyed` answers, with tokens and offsets"
            )
        same_length(where, tokens=tokens, tags=tags, starts=starts, ends=ends, scores=scores)
        # Padding, and only padding, ends where it starts.
        size = sum(end > start for start, end in zip(starts, ends, strict=True))
        return cls(
            key=key_of(fields, where),
            tokens=tuple(tokens[:size]),
            tags=tuple(tags[:size]),
            scores=None if scores is None else tuple(map(float, scores[:size])),
            starts=tuple(map(int, starts[:size])),
            fields=fields,
        )
