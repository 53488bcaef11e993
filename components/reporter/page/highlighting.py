"""Sentences cut into pieces, so that a template can mark entities."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Protocol

from components.evaluator.results.evaluation import MarkedSpan
from components.text.scripts import join_as_written

# A sentence with more tokens than _WHOLE is cut to _CONTEXT tokens on both sides of the error.
_WHOLE = 45
_CONTEXT = 15

ELLIPSIS = "\u2026"


class InContext(Protocol):
    """Tokens of a sentence, of which those from `start` to `end` matter."""

    @property
    def tokens(self) -> Sequence[str]:
        """All tokens."""

    @property
    def start(self) -> int:
        """Index of the first token that matters."""

    @property
    def end(self) -> int:
        """Index after the last one."""


@dataclasses.dataclass(frozen=True)
class Piece:
    """A run of tokens.

    Attributes:
        text: tokens joined as their script is written.
        type: entity type; empty outside entities.
        score: score of a predicted entity.
        focus: True if the error concerns this entity.
    """

    text: str
    type: str = ""
    score: float | None = None
    focus: bool = False


def pieces(error: InContext, spans: Sequence[MarkedSpan]) -> list[Piece]:
    """Cuts the sentence of an error at the boundaries of entities.

    Args:
        error: the sentence, and the wrong entity or the changed tokens.
        spans: entities of one side, such as `error.gold`; they do not overlap.

    Returns:
        Pieces in order; of a long sentence only the part around the error, with an ellipsis at each cut.
    """
    first, last = _window(error)
    cut = [Piece(ELLIPSIS)] if first else []
    position = first
    for span in sorted(spans, key=lambda span: span.start):
        if span.end <= first or span.start >= last:
            continue
        start, end = max(span.start, first), min(span.end, last)
        if start > position:
            cut.append(Piece(_text(error.tokens[position:start])))
        focus = span.start < error.end and error.start < span.end
        cut.append(Piece(_text(error.tokens[start:end]), span.type, span.score, focus))
        position = end
    if position < last:
        cut.append(Piece(_text(error.tokens[position:last])))
    return cut + ([Piece(ELLIPSIS)] if last < len(error.tokens) else [])


def _text(tokens: Sequence[str]) -> str:
    return join_as_written(tokens)[0]


def _window(error: InContext) -> tuple[int, int]:
    count = len(error.tokens)
    if count <= _WHOLE:
        return 0, count
    return max(error.start - _CONTEXT, 0), min(error.end + _CONTEXT, count)
