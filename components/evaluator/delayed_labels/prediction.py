"""Logged prediction of a served model."""

from __future__ import annotations

import dataclasses
import itertools
import math
from collections.abc import Mapping, Sequence
from typing import Any

from typing_extensions import Self

from components.common.errors import quoted
from components.evaluator.errors import EvaluationError


def key_of(record: Mapping[str, Any], where: str) -> str:
    """Returns the key of a record, `key` or `id`.

    Args:
        record: the object.
        where: file and line, for errors.

    Raises:
        EvaluationError: the key is missing, or is neither text nor integer.
    """
    key = record.get("key", record.get("id"))
    if isinstance(key, bool) or not isinstance(key, str | int) or key == "":
        raise EvaluationError(
            f"{where}: invalid key {quoted(key)}. Give each object a text or an integer as `key` (or `id`)."
        )
    return str(key)


def list_of(record: Mapping[str, Any], name: str, where: str, *, of_numbers: bool = False) -> list[Any] | None:
    """Returns a list of texts or of finite numbers; None if the field is missing.

    Raises:
        EvaluationError: the field has another type.
    """
    values = record.get(name)
    is_element = _is_number if of_numbers else _is_text
    if values is None or (isinstance(values, list) and all(map(is_element, values))):
        return values
    raise EvaluationError(
        f"{where}: `{name}` is {quoted(values)}. Write a list of {'numbers' if of_numbers else 'texts'}."
    )


def check_lengths(where: str, **columns: Sequence[Any] | None) -> None:
    """Checks that all columns except None have the same length.

    Raises:
        EvaluationError: the lengths differ.
    """
    lengths = {name: len(values) for name, values in columns.items() if values is not None}
    if len(set(lengths.values())) > 1:
        counts = ", ".join(f"{length} {name}" for name, length in lengths.items())
        raise EvaluationError(f"{where}: {counts}. Each token needs one of each.")


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


@dataclasses.dataclass(frozen=True)
class Prediction:
    """Answer of the signature `keyed` for one sentence.

    Attributes:
        key: the caller's key.
        tokens: served tokens, without padding.
        tags: tag of each token.
        scores: probability of each tag; None if the log has none.
        starts: offset of the first character of each token in the raw sentence.
        fields: all fields of the line, for slices and windows.

    Example:
        >>> record = {"key": 7, "tokens": ["Ann"], "tags": ["B-PER"], "starts": [0], "ends": [3]}
        >>> Prediction.from_record(record, "log.jsonl:1").key
        '7'
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
            record: object with `key` and the outputs `tokens`, `tags`, `starts`, `ends` and optionally `scores`, padded
                or not; or with these in `prediction` and the request in `instance`, as in Vertex AI's batch prediction.
            where: file and line, for errors.

        Raises:
            EvaluationError: an output is missing, or their lengths differ.
        """
        fields = dict(record)
        for name in ("instance", "prediction"):
            if isinstance(fields.get(name), dict):
                fields |= fields.pop(name)
        tokens, tags = (list_of(fields, name, where) for name in ("tokens", "tags"))
        starts, ends, scores = (list_of(fields, name, where, of_numbers=True) for name in ("starts", "ends", "scores"))
        if tokens is None or tags is None or starts is None or ends is None:
            missing = [name for name in ("tokens", "tags", "starts", "ends") if fields.get(name) is None]
            fix = "Log the answer of the signature `keyed` of a model with exporter.outputs=[tokens, offsets]"
            if "entities" in fields:
                fix = "`ner predict --input` writes them with --tokens"
            raise EvaluationError(f"{where}: {', '.join(missing)} missing. {fix}.")
        check_lengths(where, tokens=tokens, tags=tags, starts=starts, ends=ends, scores=scores)
        if any(value != int(value) for value in (*starts, *ends)):
            raise EvaluationError(f"{where}: `starts` or `ends` has a fraction. Log the answer of the model unchanged.")
        # Only padding has end == start.
        size = sum(end > start for start, end in zip(starts, ends, strict=True))
        if any(start < before for before, start in itertools.pairwise(starts[:size])):
            raise EvaluationError(f"{where}: `starts` does not ascend. Log the answer of the model unchanged.")
        return cls(
            key=key_of(fields, where),
            tokens=tuple(tokens[:size]),
            tags=tuple(tags[:size]),
            scores=None if scores is None else tuple(map(float, scores[:size])),
            starts=tuple(map(int, starts[:size])),
            fields=fields,
        )
