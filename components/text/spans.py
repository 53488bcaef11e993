"""Entity spans of a tagged sentence, in the two readings that the field reports scores in.

No library served at run time: seqeval, which the tests compare with, needs scikit-learn, reads whole corpora and not
sentences, and fails on the padding tag. Both readings equal seqeval's on every sequence of `B-X`, `I-X` and outside
labels (`O`, `OUT`). They differ from it, on purpose, where a label is no IOB2 tag at all:

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
    """One entity: its type and its tokens.

    Attributes:
        type: entity type, such as `PER`.
        start: index of its first token.
        end: index after its last token.
    """

    type: str
    start: int
    end: int


def spans(tags: Sequence[str]) -> list[Span]:
    """Reads the entities of one sentence as conlleval does (seqeval's default): leniently.

    `B-X` begins an entity; `I-X` continues an entity of type X that is still open, and begins one where none is.

    Args:
        tags: one IOB2 tag a token; may be illegal IOB2, as a model without constraints predicts it.

    Returns:
        The entities, in order of their tokens.
    """
    return _read(tags, lenient=True)


def strict_spans(tags: Sequence[str]) -> list[Span]:
    """Reads the entities of one sentence as seqeval's `mode="strict", scheme=IOB2` does: strictly.

    Only `B-X` begins an entity. An `I-X` that continues none is no entity and belongs to none.

    Args:
        tags: one IOB2 tag a token; may be illegal IOB2.

    Returns:
        The entities, in order of their tokens.
    """
    return _read(tags, lenient=False)


def _read(tags: Sequence[str], *, lenient: bool) -> list[Span]:
    found = []
    open_type = ""  # the type of the entity that the token before belongs to
    start = 0
    for index, tag in enumerate(tags):
        prefix, entity_type = split_tag(tag)
        if prefix == "I" and entity_type == open_type:
            continue
        if open_type:
            found.append(Span(open_type, start, index))
        begins = prefix == "B" or (lenient and prefix == "I")
        open_type, start = (entity_type, index) if begins else ("", index)
    if open_type:
        found.append(Span(open_type, start, len(tags)))
    return found
