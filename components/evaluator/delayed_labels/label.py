"""Label of one sentence: tags of tokens, or character spans."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Mapping
from typing import Any

from typing_extensions import Self

from components.common.errors import quoted, shortened
from components.evaluator.delayed_labels.prediction import check_lengths, key_of, list_of
from components.evaluator.errors import EvaluationError
from components.text.tags import is_valid_tag, split_tag

_FORMS = '{"key": …, "tokens": […], "tags": […]} or {"key": …, "entities": [[start, end, "type"], …]}'


@dataclasses.dataclass(frozen=True)
class Label:
    """Gold annotation of one sentence.

    Attributes:
        key: key of the sentence.
        tags: one tag per token, in any scheme of `components.text.tags.to_iob2`; None if there are `entities`.
        tokens: the tokens of `tags`; None: the words of the sentence between white space.
        entities: (start, end, type) in characters (code points) of the raw sentence, sorted, without overlaps.
        fields: all fields of the line, for slices.

    Example:
        >>> Label.from_record({"key": "7", "entities": [[0, 9, "LOC"]]}, "labels.jsonl:1").entities
        ((0, 9, 'LOC'),)
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
            record: object with `key`, and `tags` (of `tokens`, or of the words between white space) or `entities`.
            where: file and line, for errors.

        Raises:
            EvaluationError: the object has another form.
        """
        key = key_of(record, where)
        tags, tokens = list_of(record, "tags", where), list_of(record, "tokens", where)
        if tags is not None:
            check_lengths(where, tags=tags, tokens=tokens)
            if tokens is not None and not all(token.split() == [token] for token in tokens):
                raise EvaluationError(f"{where}: a token is empty or contains white space. Remove it.")
            for tag in tags:
                if not is_valid_tag(tag) or not tag.isprintable():
                    raise EvaluationError(f"{where}: found {quoted(tag)} in `tags`. Write tags such as B-PER or O.")
            return cls(key, tuple(tags), None if tokens is None else tuple(tokens), (), record)
        if not isinstance(record.get("entities"), list):
            raise EvaluationError(f"{where}: neither `tags` nor `entities`. Write {_FORMS}.")
        entities = sorted(_entity(entity, where) for entity in record["entities"])
        for (_, end, kind), (start, _, next_kind) in itertools.pairwise(entities):
            if start < end:
                raise EvaluationError(
                    f"{where}: its entities {shortened(kind)} and {shortened(next_kind)} overlap. Keep one of them."
                )
        return cls(key, None, None, tuple(entities), record)


def _entity(entity: Any, where: str) -> tuple[int, int, str]:
    if isinstance(entity, list) and len(entity) == 3:
        start, end, kind = entity
        whole = type(start) is int and type(end) is int and isinstance(kind, str)
        if whole and 0 <= start < end and kind.split() == [kind] and kind.isprintable():
            if split_tag(kind)[0] in ("B", "I"):
                raise EvaluationError(f"{where}: found the type {quoted(kind)}. Write types without B- and I-.")
            return start, end, kind
    raise EvaluationError(
        f'{where}: invalid entity {quoted(entity)}. Write [start, end, "type"] with 0 <= start < end.'
    )
