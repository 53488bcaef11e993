"""Formats of tagged sentences: JSON, CoNLL columns, marked text, and annotations for doccano and brat."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from components.serving.batch_prediction.fields import ENTITY_COLUMNS, TOKEN_FIELDS
from components.serving.saved_model_tagger import Entity, TaggedSentence

_encode = json.JSONEncoder(ensure_ascii=False).encode
_COLORS = ("green", "cyan", "magenta", "yellow", "blue", "red")


def json_object(members: Mapping[str, str]) -> str:
    """Returns an object of members whose values are JSON already.

    Example:
        >>> json_object({"key": "17", "price": "1.10"})
        '{"key": 17, "price": 1.10}'
    """
    return f"{{{', '.join(f'{_encode(name)}: {value}' for name, value in members.items())}}}"


def answer_members(tagged: TaggedSentence, with_tokens: bool) -> dict[str, str]:
    """Returns the entities as JSON, and on request tokens, tags, scores and offsets, as the served model names them."""
    members = {"entities": _encode([_entity(each) for each in tagged.entities])}
    if with_tokens:
        for name in TOKEN_FIELDS:
            members[name] = _encode(getattr(tagged, name))
    return members


def _entity(entity: Entity) -> dict[str, Any]:
    return {
        "text": entity.text,
        "label": entity.label,
        "start": entity.start,
        "end": entity.end,
        "score": entity.score,
    }


def doccano(tagged: TaggedSentence, members: Mapping[str, str]) -> str:
    """Returns an object of doccano's JSONL import: text, labels, and the other members as metadata.

    Example:
        >>> tagged = TaggedSentence("in Rome", ("in", "Rome"), ("O", "B-LOC"), (), (0, 3), (2, 7))
        >>> doccano(tagged, {"id": "7"})
        '{"id": 7, "text": "in Rome", "label": [[3, 7, "LOC"]]}'
    """
    labels = [[entity.start, entity.end, entity.label] for entity in tagged.entities]
    others = {name: value for name, value in members.items() if name != "text"}
    return json_object({**others, "text": _encode(tagged.sentence), "label": _encode(labels)})


def table_rows(tagged: TaggedSentence, members: Mapping[str, str], kept: Sequence[str]) -> list[list[str]]:
    """Returns the cells of a row for each entity: the members and `ENTITY_COLUMNS`; one row if there is no entity.

    Args:
        tagged: the sentence.
        members: name -> value as JSON.
        kept: names of the first columns; a member that is missing or null is an empty cell.

    Example:
        >>> tagged = TaggedSentence("in Rome", ("in", "Rome"), ("O", "B-LOC"), (1.0, 0.5), (0, 3), (2, 7))
        >>> table_rows(tagged, {"id": '"a"', "price": "1.10"}, ["id", "price", "at"])
        [['a', '1.10', '', 'Rome', 'LOC', '3', '7', '0.5']]
    """
    written = (members.get(name, "null") for name in kept)
    cells = [json.loads(value) if value.startswith('"') else "" if value == "null" else value for value in written]
    answers = [
        [each.text, each.label, str(each.start), str(each.end), "" if each.score is None else _encode(each.score)]
        for each in tagged.entities
    ]
    return [[*cells, *answer] for answer in answers or [[""] * len(ENTITY_COLUMNS)]]


def conll(tagged: TaggedSentence, members: Mapping[str, str]) -> str:
    r"""Returns a token and its tag per line, after comments with the members, and an empty line.

    Example:
        >>> tagged = TaggedSentence("in Rome", ("in", "Rome"), ("O", "B-LOC"), (), (0, 3), (2, 7))
        >>> conll(tagged, {"id": '"a 7"'})
        '# id = a 7\nin\tO\nRome\tB-LOC\n'
    """
    comments = "".join(f"# {_one_line(name)} = {bare(value)}\n" for name, value in members.items())
    return comments + "".join(f"{token}\t{tag}\n" for token, tag in zip(tagged.tokens, tagged.tags, strict=True))


def highlight(tagged: TaggedSentence, members: Mapping[str, str] | None = None, *, color: bool = False) -> str:
    r"""Returns the sentence on one line with marked entities, after the members.

    Args:
        tagged: the sentence.
        members: values to write in front, separated by tabs.
        color: whether to mark with the colors of a terminal as well.

    Example:
        >>> tagged = TaggedSentence("in Rome", ("in", "Rome"), ("O", "B-LOC"), (), (0, 3), (2, 7))
        >>> highlight(tagged, {"id": "7"})
        '7\tin [Rome LOC]'
    """
    import click

    parts, end = [], 0
    for entity in tagged.entities:
        mark = f"[{entity.text} {entity.label}]"
        if color:
            mark = click.style(mark, fg=_COLORS[sum(entity.label.encode()) % len(_COLORS)], bold=True)
        parts += [tagged.sentence[end : entity.start], mark]
        end = entity.end
    line = _one_line("".join([*parts, tagged.sentence[end:]]))
    return "\t".join([*(bare(value) for value in (members or {}).values()), line])


def brat(sentence: str, entities: Sequence[Mapping[str, Any]], note: str, offset: int, number: int) -> str:
    r"""Returns the annotations of one line of a brat document.

    Args:
        sentence: the line.
        entities: with `label`, `start`, `end`.
        note: of every entity, such as its key; empty: none.
        offset: characters of the document before the line.
        number: of the first annotation.

    Example:
        >>> brat("in Rome", [{"label": "LOC", "start": 3, "end": 7}], "", 100, 5)
        'T5\tLOC 103 107\tRome\n'
    """
    lines = []
    for index, entity in enumerate(entities, number):
        start, end = entity["start"], entity["end"]
        lines.append(f"T{index}\t{entity['label']} {offset + start} {offset + end}\t{_one_line(sentence[start:end])}\n")
        if note:
            lines.append(f"#{index}\tAnnotatorNotes T{index}\t{note}\n")
    return "".join(lines)


def bare(value: str) -> str:
    r"""Returns a JSON text without quotation marks, if it is a string on one line.

    Example:
        >>> bare('"a"'), bare("17"), bare('"a\\nb"')
        ('a', '17', '"a\\nb"')
    """
    text = json.loads(value) if value.startswith('"') else None
    return text if text is not None and text and text == _one_line(text) else value


def _one_line(text: str) -> str:
    """Replaces line breaks and tabs by spaces; offsets stay."""
    return text.translate(BREAKS)


BREAKS = dict.fromkeys(map(ord, "\t\n\r\v\f\x1c\x1d\x1e\x85\u2028\u2029"), " ")
