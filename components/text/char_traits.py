"""Properties of Unicode code points that the tokenizers and the transform graph use.

`char_class` serves the Python tokenizers (`words`); the graph looks up `traits`, one number per code point, which
contains the class, so the two cannot diverge. Tokenizer, case ids, folding and subword ids share one lookup. The table
has two stages (Unicode Standard, section 5.1, "Multistage Tables"): 4,352 page offsets and about 250 distinct pages of
256 numbers take 270 KB in a graph instead of 4.5 MB.
"""

from __future__ import annotations

import functools
import re
import sys
import unicodedata

import numpy as np

from components.text.folding import fold_char
from components.text.scripts import is_attached, is_linking, is_wide_mark, separate_characters

SPACE, WORD, PUNCT, EXTEND, CONNECTOR = range(5)
"""Classes of characters (`char_class`)."""

WHITE_SPACE = "\t-\r \x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"
"""The characters of the class SPACE, as a class of a regular expression."""

RUN = re.compile(f"[^{WHITE_SPACE}]+")
"""A run of other characters, as long as possible."""

# Unicode White_Space outside general category Z (PropList.txt).
_CONTROL_SPACES = frozenset("\t\n\v\f\r\x85")
# Punctuation inside words, numbers, addresses and names: "U.S.-based", "AT&T", "10:30", "a@b.org". Includes the
# typographic apostrophe and hyphens, and the middle dot of Catalan.
_CONNECTORS = frozenset("#$%&'*+,-./:=?@\\_~’‐‑·")
# Fitzpatrick modifiers color the emoji before them.
_EMOJI_MODIFIERS = range(0x1F3FB, 0x1F400)

NONCHARACTERS = (*range(0xFDD0, 0xFDF0), *(plane << 16 | low for plane in range(17) for low in (0xFFFE, 0xFFFF)))
"""Code points for internal use, ascending (Unicode Standard, section 23.7)."""

_NONCHARACTERS = frozenset(NONCHARACTERS)
# Unassigned, private and surrogate code points, eight of ten: all have the traits of a letter without case.
_PLAIN = frozenset({"Cn", "Co", "Cs"})

PAGE_BITS = 8
_PAGE = 1 << PAGE_BITS

# The lowest three bits are the kind; hashes of trained tables depend on these numbers. 0: no character. SEPARATE stands
# in the tables of the tokenizers that cut scripts without spaces.
KIND = 7
OTHER, UPPER, LOWER, LETTER, DIGIT, MARK, SEPARATE = range(1, 8)
_KINDS = {"Lu": UPPER, "Lt": UPPER, "Ll": LOWER, "Lm": LETTER, "Lo": LETTER, "Nd": DIGIT}
# One bit each.
SPLITS = 1 << 3  # never part of a word: space, punctuation, symbol
EXTENDS = 1 << 4  # belongs to the character before it
SPACE_BIT = 1 << 5  # a space
NUMBER = 1 << 6  # general category N; SEPARATE: belongs to the letter after it, too; MARK: as wide as a Han character
VISIBLE = 1 << 7  # not a space
INEXACT = 1 << 8  # a noncharacter, which `tf.strings.unicode_encode` replaces
CONNECTS = 1 << 9  # part of a word inside it
# The higher bits are the folded code point; 0 for spaces.
FOLDED_SHIFT = 10


def char_class(char: str) -> int:
    """Returns SPACE, WORD, CONNECTOR, PUNCT or EXTEND for one character.

    SPACE is Unicode's White_Space property. PUNCT is punctuation and symbols (general categories P and S), including
    emoji, except for the few CONNECTOR characters, which belong to a word inside it. EXTEND belongs to the character
    before it: combining marks, joiners and other format characters (M and Cf), emoji modifiers. Everything else,
    including control characters such as NUL, is WORD.

    Example:
        >>> [char_class(char) for char in "a (-"] == [WORD, SPACE, PUNCT, CONNECTOR]
        True
    """
    if char in _CONTROL_SPACES:
        return SPACE
    if char in _CONNECTORS:
        return CONNECTOR
    category = unicodedata.category(char)
    if category[0] == "Z":
        return SPACE
    if category[0] == "M" or category == "Cf" or ord(char) in _EMOJI_MODIFIERS:
        return EXTEND
    return PUNCT if category[0] in "PS" else WORD


@functools.cache
def trait_table(separate: bool = False, hangul: bool = False) -> tuple[np.ndarray, np.ndarray]:
    """Returns the two-stage table of the traits of all code points.

    Args:
        separate: whether letters of scripts without spaces are SEPARATE (`separate_traits`),
            and wide punctuation has NUMBER.
        hangul: with `separate`, whether letters of Hangul are, too.

    Returns:
        offsets: int32 [4352], by page of the code point.
        values: int32 [distinct pages * 256]. The traits of `c` are
            `(c << FOLDED_SHIFT) + values[offsets[c >> PAGE_BITS] + c]`: values are relative to the code point, which
            makes pages of characters that fold to themselves identical.

    Example:
        >>> offsets, values = trait_table()
        >>> int((ord("A") << FOLDED_SHIFT) + values[offsets[0] + ord("A")]) == traits("A")
        True
    """
    count = sys.maxunicode + 1
    if separate:
        offsets, values = trait_table()
        relative = values[np.repeat(offsets, _PAGE) + np.arange(count)]
        for char in separate_characters(hangul):
            relative[ord(char)] = separate_traits(char) - (ord(char) << FOLDED_SHIFT)
        relative[[c for c in range(0x10000) if is_wide_mark(chr(c))]] |= NUMBER
    else:
        relative = np.fromiter((traits(chr(c)) - (c << FOLDED_SHIFT) for c in range(count)), np.int32, count)
    distinct, pages = np.unique(relative.reshape(-1, _PAGE), axis=0, return_inverse=True)
    offsets = (pages.reshape(-1) - np.arange(count // _PAGE)) * _PAGE
    return offsets.astype(np.int32), distinct.reshape(-1)


def traits(char: str) -> int:
    """Returns the traits of one character: its bits and its folded code point.

    Example:
        >>> chr(traits("É") >> FOLDED_SHIFT), traits("É") & KIND == UPPER
        ('é', True)
    """
    category = unicodedata.category(char)
    if category in _PLAIN:
        return ord(char) << FOLDED_SHIFT | VISIBLE | OTHER | (INEXACT if ord(char) in _NONCHARACTERS else 0)
    group = char_class(char)
    if group == SPACE:
        return SPACE_BIT | SPLITS
    bits = VISIBLE
    if char != "\0":  # counts as no character in hashes
        bits |= _KINDS.get(category, MARK if category[0] in "PS" else OTHER)
    bits |= {PUNCT: SPLITS, CONNECTOR: CONNECTS, EXTEND: EXTENDS}.get(group, 0)
    if category[0] == "N":
        bits |= NUMBER
    return ord(fold_char(char)) << FOLDED_SHIFT | bits


def separate_traits(char: str) -> int:
    """Returns the traits of a character that the tokenizers for scripts without spaces cut off (`scripts.is_separate`).

    Example:
        >>> separate_traits("王") & KIND == SEPARATE, bool(separate_traits("า") & EXTENDS)
        (True, True)
    """
    bits = SEPARATE | SPLITS | VISIBLE
    if is_linking(char):
        bits |= NUMBER
    if is_attached(char) or char_class(char) == EXTEND:
        bits |= EXTENDS
    return ord(fold_char(char)) << FOLDED_SHIFT | bits
