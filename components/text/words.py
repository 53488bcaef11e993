"""The tokenizers in plain Python: the reference that the graph's tokenizer is tested against.

Readers use it for formats that mark entities by character offsets, where the corpus itself has no tokens.
"""

from __future__ import annotations

from components.text.char_classes import EXTEND, PUNCT, SPACE, WORD, char_class


def whitespace_offsets(text: str) -> list[tuple[int, int]]:
    """Returns (start, end) code point offsets of the maximal runs without Unicode White_Space."""
    offsets: list[tuple[int, int]] = []
    start = None
    for i, char in enumerate(text):
        if char_class(char) == SPACE:
            if start is not None:
                offsets.append((start, i))
            start = None
        elif start is None:
            start = i
    return offsets if start is None else [*offsets, (start, len(text))]


def word_offsets(text: str) -> list[tuple[int, int]]:
    """Returns (start, end) code point offsets of words and of single punctuation or symbol characters.

    A combining mark, joiner or emoji modifier stays with the character before it; after a blank it begins a word.
    """
    offsets: list[tuple[int, int]] = []
    previous = SPACE
    for i, char in enumerate(text):
        kind = char_class(char)
        if kind == EXTEND:
            continues, previous = previous != SPACE, previous if previous != SPACE else WORD
        else:
            continues, previous = kind == WORD and previous == WORD, kind
        if continues:
            offsets[-1] = (offsets[-1][0], i + 1)
        elif previous in (WORD, PUNCT):
            offsets.append((i, i + 1))
    return offsets
