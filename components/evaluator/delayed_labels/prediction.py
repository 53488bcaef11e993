"""One logged answer of a served model."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any, Self

from components.evaluator.delayed_labels.fields import key_of, numbers_of, same_length, texts_of
from components.evaluator.errors import EvaluationError


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
