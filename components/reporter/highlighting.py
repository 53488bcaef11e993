"""Sentences cut into pieces, so that a template can mark entities without knowing spans."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from components.evaluator.results.evaluation import MarkedSpan, Mistake

# A longer sentence is shown from so many tokens before the mistake to so many after it.
_WHOLE = 45
_CONTEXT = 15

ELLIPSIS = "\u2026"


@dataclasses.dataclass(frozen=True)
class Piece:
    """A run of tokens.

    Attributes:
        text: tokens joined by blanks.
        type: entity type; empty outside entities.
        score: of a predicted entity.
        focus: whether this entity is what the mistake is about.
    """

    text: str
    type: str = ""
    score: float | None = None
    focus: bool = False


def pieces(mistake: Mistake, spans: Sequence[MarkedSpan]) -> list[Piece]:
    """Cuts the sentence of a mistake at the ends of some entities.

    Args:
        mistake: the sentence, and which tokens the mistake is about.
        spans: `mistake.gold` or `mistake.predicted`; they do not overlap.

    Returns:
        Pieces in order; of a long sentence only the part around the mistake, with an ellipsis where it was cut.
    """
    first, last = _window(mistake)
    found = [Piece(ELLIPSIS)] if first else []
    position = first
    for span in sorted(spans, key=lambda span: span.start):
        if span.end <= first or span.start >= last:
            continue
        start, end = max(span.start, first), min(span.end, last)
        if start > position:
            found.append(Piece(" ".join(mistake.tokens[position:start])))
        focus = span.start < mistake.end and mistake.start < span.end
        found.append(Piece(" ".join(mistake.tokens[start:end]), span.type, span.score, focus))
        position = end
    if position < last:
        found.append(Piece(" ".join(mistake.tokens[position:last])))
    return found + ([Piece(ELLIPSIS)] if last < len(mistake.tokens) else [])


def _window(mistake: Mistake) -> tuple[int, int]:
    count = len(mistake.tokens)
    if count <= _WHOLE:
        return 0, count
    return max(mistake.start - _CONTEXT, 0), min(mistake.end + _CONTEXT, count)
