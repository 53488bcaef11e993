"""A sentence with its tags."""

from __future__ import annotations

import dataclasses


@dataclasses.dataclass(frozen=True)
class TaggedSentence:
    """What a served tagger says of one sentence.

    Attributes:
        sentence: the raw text.
        tokens: pieces of it.
        tags: one a token.
        scores: the tag's probability, one a token.
        starts: offset of the token's first character in `sentence`.
        ends: offset after its last one.
    """

    sentence: str
    tokens: tuple[str, ...]
    tags: tuple[str, ...]
    scores: tuple[float, ...]
    starts: tuple[int, ...]
    ends: tuple[int, ...]
