"""The tokenizers in plain Python: the reference for the tokenizer in the graph.

Readers use them for formats that mark entities by character offsets and have no tokens, and to cut words of scripts
without spaces.
"""

from __future__ import annotations

import functools
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from itertools import groupby, pairwise
from typing import Final

from components.text.char_traits import CONNECTOR, EXTEND, PUNCT, RUN, SPACE, WORD, char_class, traits
from components.text.folding import fold_char
from components.text.scripts import is_attached, is_linking, is_separate

WHITESPACE, WORDS, CHARACTERS, SYLLABLES = "whitespace", "words", "characters", "syllables"
"""Names of the tokenizers."""

_APOSTROPHES = "'’"
_SEPARATE = -1  # kind of a character of a script without spaces
_ALONE = (SPACE, _SEPARATE)
_LONGEST_KNOWN = 32  # characters of a run whose offsets are kept


def whitespace_offsets(text: str) -> list[tuple[int, int]]:
    """Returns (start, end) code point offsets of the maximal runs without Unicode White_Space.

    Example:
        >>> whitespace_offsets("Hello, world")
        [(0, 6), (7, 12)]
    """
    return [run.span() for run in RUN.finditer(text)]


def word_offsets(text: str) -> list[tuple[int, int]]:
    """Returns (start, end) code point offsets of words and of runs of the same punctuation or symbol character.

    Spaces and most punctuation end a word; a comma does, except between digits. Connectors such as `.`, `-`, `@` and
    `/` are part of a word inside it and are cut off at its edges: "U.S.-based", "AT&T", links and addresses stay whole,
    and "(Paris)." has four tokens. At the edges a word keeps

    - `@` and `#` before it: "@you", "#Paris";
    - the dot after a lone letter: "U.S.", "J.".

    An apostrophe with the `s` that ends a word is a separate token ("London's"), as is an apostrophe between a small
    and a capital letter ("l'Italie"). Connectors without a word stay together (":/"). A combining mark, joiner or emoji
    modifier stays with the character before it; after a space it begins a word.

    Tokenizing the tokens, joined by spaces, gives the same tokens.

    Example:
        >>> text = "U.S.-based (London's)"
        >>> [text[start:end] for start, end in word_offsets(text)]
        ['U.S.-based', '(', 'London', "'s", ')']
    """
    offsets: list[tuple[int, int]] = []
    for run in RUN.finditer(text):
        first, part = run.start(), run[0]
        own = _known_offsets(part) if len(part) <= _LONGEST_KNOWN else _run_offsets(part)
        offsets += [(first + start, first + end) for start, end in own]
    return offsets


def _run_offsets(run: str) -> tuple[tuple[int, int], ...]:
    """Returns the offsets of `word_offsets` in a text without spaces."""
    return tuple(_offsets(run, [i for i in range(len(run)) if i == 0 or char_class(run[i]) != EXTEND]))


_known_offsets = functools.lru_cache(maxsize=1 << 16)(_run_offsets)  # most runs of a corpus are repeated


def character_offsets(text: str, *, hangul: bool = False) -> list[tuple[int, int]]:
    """Returns the offsets of `word_offsets`, with text in scripts without spaces cut into characters.

    These are Han, Kana, Bopomofo, Thai, Lao, Khmer, Burmese and their like (`scripts.is_separate`); words and numbers
    of other scripts, and numbers of these, stay whole. A character has its combining marks, vowels and sound marks, and
    the letters that are stacked below it: "กรุง" has three, "ខ្មែរ" two.

    Args:
        text: the text.
        hangul: whether to cut Hangul into syllables, too.

    Example:
        >>> [text[start:end] for text in ["我在Hilton住2.5天。"] for start, end in character_offsets(text)]
        ['我', '在', 'Hilton', '住', '2.5', '天', '。']
    """
    flags = [is_separate(char, hangul) for char in text]
    if not any(flags):
        return word_offsets(text)
    chars = [i for i in range(len(text)) if not _belongs(text, i, flags)]
    return _offsets(text, chars, flags)


def _belongs(text: str, i: int, separate: Sequence[bool]) -> bool:
    """Returns whether a character belongs to the one before it."""
    if not i or char_class(text[i - 1]) == SPACE:
        return False
    if char_class(text[i]) == EXTEND:
        return True
    return separate[i] and (is_attached(text[i]) or (separate[i - 1] and is_linking(text[i - 1])))


def _offsets(text: str, chars: list[int], separate: Sequence[bool] = ()) -> list[tuple[int, int]]:
    """Returns the offsets of the tokens.

    Args:
        text: the text.
        chars: indices of its characters that do not belong to the one before them.
        separate: whether each character of the text is a token; empty: none is.
    """
    chars.append(len(text))
    bases = [text[i] for i in chars[:-1]]
    kinds = [_kind(bases, i) for i in range(len(bases))]
    if separate:
        kinds = [_SEPARATE if separate[i] else kind for i, kind in zip(chars, kinds, strict=False)]
    begins, position = set(), 0
    for kind, group in groupby(kinds, key=_side):
        length = len(list(group))
        part = range(position, position + length)
        if kind == WORD:
            begins |= {position + begin for begin in _cuts(bases[position : position + length])}
        else:
            begins |= {
                i for i in part if i == position or kinds[i] in _ALONE or traits(bases[i]) != traits(bases[i - 1])
            }
        position += length
    edges = [*sorted(begins), len(bases)]
    return [(chars[start], chars[end]) for start, end in pairwise(edges) if kinds[start] != SPACE]


def _kind(bases: Sequence[str], i: int) -> int:
    """Returns SPACE, PUNCT, CONNECTOR or WORD; a comma connects digits only."""
    kind = char_class(bases[i])
    if bases[i] == ",":
        inside = 0 < i < len(bases) - 1 and bases[i - 1].isdecimal() and bases[i + 1].isdecimal()
        return CONNECTOR if inside else PUNCT
    return WORD if kind == EXTEND else kind


def _side(kind: int) -> int:
    """Returns WORD for characters of words and connectors, PUNCT for all others."""
    return WORD if kind in (WORD, CONNECTOR) else PUNCT


def _cuts(part: Sequence[str]) -> set[int]:
    """Returns the begins of tokens in a run of word characters and connectors."""
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
            if bare and fold_char(part[i + 1]) == "s" and (i + 2 == len(part) or connects[i + 2]):
                cuts.discard(i + 1)
                cuts.add(i)
            elif i and unicodedata.category(part[i - 1]) == "Ll" and unicodedata.category(part[i + 1]) in ("Lu", "Lt"):
                cuts |= {i, i + 1}
    return cuts


def _abbreviates(part: Sequence[str], last: int) -> bool:
    """Returns whether a dot belongs to the last letter of the word: a lone letter, or one after a dot."""
    lone = last == 0 or part[last - 1] == "."
    dot = part[last + 1 : last + 2] == ["."] and part[last + 2 : last + 3] != ["."]
    return dot and lone and unicodedata.category(part[last])[0] == "L"


SEPARATING: Final = (CHARACTERS, SYLLABLES)
"""Names of the tokenizers that cut scripts without spaces."""

OFFSETS: Final[Mapping[str, Callable[[str], list[tuple[int, int]]]]] = {
    WHITESPACE: whitespace_offsets,
    WORDS: word_offsets,
    CHARACTERS: character_offsets,
    SYLLABLES: functools.partial(character_offsets, hangul=True),
}
"""Function of each tokenizer (`transform.tokenizer`)."""
