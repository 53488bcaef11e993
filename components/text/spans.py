"""Entity spans of a tagged sentence: the lenient and the strict reading of IOB2.

This is the reference. `components.evaluator.counts.entities` and `components.trainer.scoring.entity_counter` read whole
batches as arrays, because an object per entity would take longer than the training; their tests compare with it.

No library was suitable at run time: seqeval, which the tests compare with, needs scikit-learn, reads whole corpora
instead of sentences, and fails on the padding tag. Both readings equal seqeval's on every sequence of `B-X`, `I-X` and
outside labels (`O`, `OUT`). They differ from it, on purpose, for labels that are not IOB2 tags:

*   everything else is outside. seqeval's default reading takes `[PAD]`, `E-X`, `S-X`, a bare `B` and even `PER` for the
    start of an entity; its strict reading raises an error for them; both fail on the empty string.
*   `B-O` and `B-OUT`, a prefix before an outside label, are outside (`components.text.tags`); for seqeval they are
    entities of type `O`.
*   a type is kept as written. seqeval's strict reading cuts hyphens off both its ends (`B--X` is `X` there).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from components.text.tags import split_tag


class Span(NamedTuple):
    """Type and tokens of one entity.

    Attributes:
        type: entity type, such as `PER`.
        start: index of its first token.
        end: index after its last token.

    Example:
        >>> Span("PER", 0, 2).type
        'PER'
    """

    type: str
    start: int
    end: int


def spans(tags: Sequence[str]) -> list[Span]:
    """Reads the entities of one sentence leniently, as conlleval and seqeval's default do.

    `B-X` begins an entity; `I-X` continues an open entity of type X, or else begins one.

    Args:
        tags: one IOB2 tag a token; sequences may be invalid, as a model without constraints predicts them.

    Returns:
        The entities in order of their tokens.

    Example:
        >>> spans(["B-PER", "I-PER", "O", "I-LOC"])
        [Span(type='PER', start=0, end=2), Span(type='LOC', start=3, end=4)]
    """
    return _read(tags, lenient=True)


def strict_spans(tags: Sequence[str]) -> list[Span]:
    """Reads the entities of one sentence strictly, as seqeval's `mode="strict", scheme=IOB2` does.

    Only `B-X` begins an entity. An `I-X` that continues no entity is outside.

    Args:
        tags: one IOB2 tag a token; sequences may be invalid.

    Returns:
        The entities in order of their tokens.

    Example:
        >>> strict_spans(["B-PER", "I-PER", "O", "I-LOC"])
        [Span(type='PER', start=0, end=2)]
    """
    return _read(tags, lenient=False)


def _read(tags: Sequence[str], *, lenient: bool) -> list[Span]:
    entities = []
    open_type = ""  # type of the entity of the token before
    start = 0
    for index, tag in enumerate(tags):
        prefix, entity_type = split_tag(tag)
        if prefix == "I" and entity_type == open_type:
            continue
        if open_type:
            entities.append(Span(open_type, start, index))
        begins = prefix == "B" or (lenient and prefix == "I")
        open_type, start = (entity_type, index) if begins else ("", index)
    if open_type:
        entities.append(Span(open_type, start, len(tags)))
    return entities
