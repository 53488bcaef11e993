"""What an annotator said of one sentence, in either of two forms."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Mapping
from typing import Any, Self

from components.evaluator.delayed_labels.prediction import key_of, same_length, texts_of
from components.evaluator.errors import EvaluationError

_SHAPES = '{"key": …, "tokens": […], "tags": […]} or {"key": …, "entities": [[start, end, "type"], …]}'


@dataclasses.dataclass(frozen=True)
class Label:
    """The truth about one sentence.

    Attributes:
        key: key of the sentence.
        tags: one tag a token, in any scheme that `components.text.tags.to_iob2` reads; None when there are `entities`.
        tokens: the tokens that `tags` are of; None when they are the words between white space of the sentence.
        entities: (start, end, type) in characters (code points) of the raw sentence, in order, none overlapping.
        fields: everything in the line, for slices.
    """

    key: str
    tags: tuple[str, ...] | None
    tokens: tuple[str, ...] | None
    entities: tuple[tuple[int, int, str], ...]
    fields: Mapping[str, Any]

    @classmethod
    def from_record(cls, record: Mapping[str, Any], where: str) -> Self:
        """Reads a line.

        Args:
            record: an object with `key`, and `tags` (with `tokens`, or of the words between white space) or `entities`.
            where: file and line, for errors.

        Raises:
            EvaluationError: it is neither, or its parts do not fit.
        """
        key = key_of(record, where)
        tags, tokens = texts_of(record, "tags", where), texts_of(record, "tokens", where)
        if tags is not None:
            same_length(where, tags=tags, tokens=tokens)
            if tokens is not None and not all(token.split() == [token] for token in tokens):
                raise EvaluationError(f"{where}: holds a token that is empty or has white space; take it out")
            return cls(key, tuple(tags), None if tokens is None else tuple(tokens), (), record)
        if not isinstance(record.get("entities"), list):
            raise EvaluationError(f"{where}: has neither tags nor entities; write {_SHAPES}")
        entities = sorted(_entity(entity, where) for entity in record["entities"])
        for (_, end, one), (start, _, other) in itertools.pairwise(entities):
            if start < end:
                raise EvaluationError(f"{where}: its entities {one} and {other} overlap; keep one of them")
        return cls(key, None, None, tuple(entities), record)


def _entity(entity: Any, where: str) -> tuple[int, int, str]:
    if isinstance(entity, list) and len(entity) == 3:
        start, end, kind = entity
        whole = isinstance(start, int) and isinstance(end, int) and isinstance(kind, str)
        if whole and 0 <= start < end and kind.split() == [kind]:
            return start, end, kind
    raise EvaluationError(f'{where}: holds the entity {entity!r}; write [start, end, "type"] with 0 <= start < end')
