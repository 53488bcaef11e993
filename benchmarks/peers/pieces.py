"""How the peers without a tokenizer of their own read a raw sentence."""

from __future__ import annotations


def pieces(sentence: str) -> list[str]:
    """Splits a raw sentence at blanks; where there are several, between them stands nothing."""
    return [piece for piece in sentence.split(" ") if piece]
