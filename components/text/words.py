"""The tokenizers in plain Python: the reference that the graph's tokenizer is tested against.

Readers use it for formats that mark entities by character offsets, where the corpus itself has no tokens.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from itertools import groupby, pairwise

from components.text.char_classes import CONNECTOR, EXTEND, PUNCT, SPACE, WORD, char_class

_APOSTROPHES = "'’"


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
    """Returns (start, end) code point offsets of words and of runs of the same punctuation or symbol character.

    Blanks and most punctuation end a word; a comma does unless it stands between digits. Connectors such as `.`, `-`,
    `@` and `/` are part of a word inside it and are cut off at its edges, so that "U.S.-based", "AT&T", links and
    addresses stay whole and "(Paris)." gives four tokens. At the edges, too, the word keeps

    - `@` and `#` before it: "@you", "#Paris";
    - the dot behind a lone letter: "U.S.", "J.".

    An apostrophe with the `s` that ends a word is a token of its own ("London's"), and one between a small letter and a
    capital is split off ("l'Italie"). Connectors without a word stay together (":/"). A combining mark, joiner or emoji
    modifier stays with the character before it; after a blank it begins a word.

    Cutting the tokens, joined by blanks, again gives the same tokens.
    """
    chars = [i for i, char in enumerate(text) if not _extends(text, i)]
    chars.append(len(text))
    bases = [text[i] for i in chars[:-1]]
    kinds = [_kind(bases, i) for i in range(len(bases))]
    begins, position = set(), 0
    for kind, group in groupby(kinds, key=_side):
        length = len(list(group))
        part = range(position, position + length)
        if kind == WORD:
            begins |= {position + begin for begin in _cuts(bases[position : position + length])}
        else:
            begins |= {i for i in part if i == position or kinds[i] == SPACE or bases[i] != bases[i - 1]}
        position += length
    edges = [*sorted(begins), len(bases)]
    return [(chars[start], chars[end]) for start, end in pairwise(edges) if kinds[start] != SPACE]


def _extends(text: str, i: int) -> bool:
    return char_class(text[i]) == EXTEND and i > 0 and char_class(text[i - 1]) != SPACE


def _kind(bases: Sequence[str], i: int) -> int:
    """SPACE, PUNCT, CONNECTOR or WORD; a comma connects digits only."""
    kind = char_class(bases[i])
    if bases[i] == ",":
        inside = 0 < i < len(bases) - 1 and bases[i - 1].isdecimal() and bases[i + 1].isdecimal()
        return CONNECTOR if inside else PUNCT
    return WORD if kind == EXTEND else kind


def _side(kind: int) -> int:
    """Where a character goes: SPACE and PUNCT apart, WORD together with CONNECTOR."""
    return WORD if kind in (WORD, CONNECTOR) else PUNCT


def _cuts(part: Sequence[str]) -> set[int]:
    """Where tokens begin in a run of words' characters and connectors."""
    connects = [char_class(char) == CONNECTOR for char in part]
    if all(connects):
        return {0}
    first, last = connects.index(False), len(part) - 1 - connects[::-1].index(False)
    edges = [*range(1, first + 1), *range(last + 1, len(part))]
    cuts = {0} | {i for i in edges if part[i] != part[i - 1]}
    if first and part[first - 1] in "@#":
        cuts.discard(first)
    if _abbreviates(part, last):
        cuts.discard(last + 1)
    for i in range(len(part) - 1):
        if part[i] in _APOSTROPHES:
            bare = not (i and connects[i - 1])
            if bare and part[i + 1] in "sS" and (i + 2 == len(part) or connects[i + 2]):
                cuts = cuts - {i + 1} | {i}
            elif i and unicodedata.category(part[i - 1]) == "Ll" and unicodedata.category(part[i + 1]) in ("Lu", "Lt"):
                cuts |= {i, i + 1}
    return cuts


def _abbreviates(part: Sequence[str], last: int) -> bool:
    """Whether a dot belongs to the letter that ends the word: one that stands alone or behind another dot."""
    lone = last == 0 or part[last - 1] == "."
    dot = part[last + 1 : last + 2] == ["."] and part[last + 2 : last + 3] != ["."]
    return dot and lone and unicodedata.category(part[last])[0] == "L"
