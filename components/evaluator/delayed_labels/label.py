"""Label of one sentence: tags of tokens, or character spans."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Mapping
from typing import Any

from typing_extensions import Self

from components.common.errors import quoted, shortened
from components.corpus_example_gen.readers.span_tools import OTHER_FORMS, PLAIN, SPAN_TOOLS, ConversionError
from components.evaluator.delayed_labels.prediction import check_lengths, key_of, list_of
from components.evaluator.errors import EvaluationError
from components.text.tags import is_valid_tag, split_tag

_FORMS = '{"key": …, "tokens": […], "tags": […]} or {"key": …, "entities": [[start, end, "type"], …]}'

# The others refuse a record whose field `entities` has other spans than their own field, so PLAIN comes after them.
_TOOLS = (*(tool for tool in SPAN_TOOLS if tool is not PLAIN), PLAIN, OTHER_FORMS)


@dataclasses.dataclass(frozen=True)
class Label:
    """Gold annotation of one sentence.

    Attributes:
        key: key of the sentence.
        tags: one tag per token, in any scheme of `components.text.tags.to_iob2`; None if there are `entities`.
        tokens: the tokens of `tags`; None: the words of the sentence between white space.
        entities: (start, end, type) in characters (code points) of the raw sentence, sorted, without overlaps.
        fields: all fields of the line, for slices.
        text: the raw sentence that `entities` are spans of, if the line has it.

    Example:
        >>> Label.from_record({"key": "7", "entities": [[0, 9, "LOC"]]}, "labels.jsonl:1").entities
        ((0, 9, 'LOC'),)
    """

    key: str
    tags: tuple[str, ...] | None
    tokens: tuple[str, ...] | None
    entities: tuple[tuple[int, int, str], ...]
    fields: Mapping[str, Any]
    text: str = ""

    @classmethod
    def from_record(cls, record: Mapping[str, Any], where: str) -> Self:
        """Reads a line.

        Args:
            record: object with `key` or `id`, and `tags` (of `tokens`, or of the words between white space), or spans
                in any notation of JSON lines that a corpus may have, with or without the text.
            where: file and line, for errors.

        Raises:
            EvaluationError: the object has another form.
        """
        key = key_of(record, where)
        tags = list_of(record, "tags", where)
        if tags is not None:
            tokens = list_of(record, "tokens", where)
            check_lengths(where, tags=tags, tokens=tokens)
            if tokens is not None and not all(token.split() == [token] for token in tokens):
                raise EvaluationError(f"{where}: a token is empty or contains white space. Remove it.")
            for tag in tags:
                if not is_valid_tag(tag) or not tag.isprintable():
                    raise EvaluationError(f"{where}: found {quoted(tag)} in `tags`. Write tags such as B-PER or O.")
            return cls(key, tuple(tags), None if tokens is None else tuple(tokens), (), record)
        text, spans = _spans(record, where)
        entities = sorted(_entity(entity, where) for entity in spans)
        for (_, end, kind), (start, _, next_kind) in itertools.pairwise(entities):
            if start < end:
                raise EvaluationError(
                    f"{where}: its entities {shortened(kind)} and {shortened(next_kind)} overlap. Keep one of them."
                )
        return cls(key, None, None, tuple(entities), record, text)


def _spans(record: Mapping[str, Any], where: str) -> tuple[str, list[Any]]:
    """Returns the text of a record ("" if it has none) and its spans as `[start, end, type]`, not checked yet."""
    with_text = {"text": "", **record}
    tool = next((tool for tool in _TOOLS if tool.matches(with_text)), None)
    if tool is None:
        if isinstance(record.get("entities"), list):
            return "", list(record["entities"])
        raise EvaluationError(f"{where}: neither `tags` nor `entities`. Write {_FORMS}.")
    try:
        annotated = tool.read(with_text, where)
    except ConversionError as error:
        raise EvaluationError(f"{where}: {error}. {error.fix or 'Correct the record.'}") from error
    if annotated.rejected or annotated.discontinuous:
        problem = "the record is rejected" if annotated.rejected else "an entity has a gap"
        raise EvaluationError(f"{where}: {problem}, so it is not a label. Remove the record.")
    return annotated.text, list(annotated.entities)


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
