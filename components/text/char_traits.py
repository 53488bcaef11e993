"""What the graph has to know of each Unicode code point, in one number.

Tokenizer, case patterns, folding and hashed subwords all look at the same characters of a sentence, so one lookup
serves them all. The table is laid out in two stages, as Unicode libraries do (Unicode Standard, section 5.1,
"Multistage Tables"): 4,352 page offsets and about 250 distinct pages of 256 numbers, 270 KB in a graph and
not 4.5 MB.
"""

from __future__ import annotations

import functools
import sys
import unicodedata

import numpy as np

from components.text.char_classes import CONNECTOR, EXTEND, PUNCT, SPACE, char_class
from components.text.folding import fold_char

PAGE_BITS = 8
_PAGE = 1 << PAGE_BITS

# The lowest three bits are the kind; hashes of trained tables depend on these numbers. 0 is what is no character.
KIND = 7
OTHER, UPPER, LOWER, LETTER, DIGIT, MARK = range(1, 7)
_KINDS = {"Lu": UPPER, "Lt": UPPER, "Ll": LOWER, "Lm": LETTER, "Lo": LETTER, "Nd": DIGIT}
# One bit each.
SPLITS = 1 << 3  # never part of a word: a blank, punctuation, a symbol
EXTENDS = 1 << 4  # belongs to the character before it
BLANK = 1 << 5
NUMBER = 1 << 6  # any general category N
VISIBLE = 1 << 7  # no blank
INEXACT = 1 << 8  # stands for bytes that are not its UTF-8, or does not survive `tf.strings.unicode_encode`
CONNECTS = 1 << 9  # inside a word part of it
# Above them the code point that this one folds to; 0 for blanks.
FOLDED_SHIFT = 10


@functools.cache
def trait_table() -> tuple[np.ndarray, np.ndarray]:
    """Returns the two-stage table of all code points.

    Returns:
        offsets: int32 [4352], by the code point's page.
        values: int32 [distinct pages * 256]. The traits of `c` are
            `(c << FOLDED_SHIFT) + values[offsets[c >> PAGE_BITS] + c]`: relative to the code point, since most fold to
            themselves and pages of them are then the same.
    """
    count = sys.maxunicode + 1
    every = np.fromiter((traits(chr(c)) - (c << FOLDED_SHIFT) for c in range(count)), np.int32, count)
    distinct, pages = np.unique(every.reshape(-1, _PAGE), axis=0, return_inverse=True)
    offsets = (pages.reshape(-1) - np.arange(count // _PAGE)) * _PAGE
    return offsets.astype(np.int32), distinct.reshape(-1)


def traits(char: str) -> int:
    """Returns the traits of one character: the reference for the table."""
    kind = char_class(char)
    if kind == SPACE:
        return BLANK | SPLITS
    category = unicodedata.category(char)
    bits = VISIBLE
    if char != "\0":  # counts as no character in hashes
        bits |= _KINDS.get(category, MARK if category[0] in "PS" else OTHER)
    if kind == PUNCT:
        bits |= SPLITS
    if kind == CONNECTOR:
        bits |= CONNECTS
    if kind == EXTEND:
        bits |= EXTENDS
    if category[0] == "N":
        bits |= NUMBER
    if char == "\ufffd" or _is_noncharacter(ord(char)):
        bits |= INEXACT
    return ord(fold_char(char)) << FOLDED_SHIFT | bits


def _is_noncharacter(code: int) -> bool:
    """Whether a code point is reserved for internal use (Unicode Standard, section 23.7) or a surrogate."""
    return code & 0xFFFE == 0xFFFE or 0xFDD0 <= code <= 0xFDEF or 0xD800 <= code <= 0xDFFF
