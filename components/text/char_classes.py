"""What each Unicode code point is to a tokenizer: blank, part of a word, punctuation, or an extension.

One table serves the Python reference (`words.py`) and the graph (`tokenizer.py`), so the two cannot drift apart. It is
laid out in two stages, as Unicode libraries do (Unicode Standard, section 5.1, "Multistage Tables"): 4,352 page numbers
and about 200 distinct pages of 256 classes, 60 KB in a graph instead of 1.1 MB.
"""

from __future__ import annotations

import functools
import sys
import unicodedata

import numpy as np

SPACE, WORD, PUNCT, EXTEND = 0, 1, 2, 3
PAGE_BITS = 8
_PAGE = 1 << PAGE_BITS

# Unicode White_Space that is not in the general category Z (PropList.txt).
_CONTROL_SPACES = frozenset("\t\n\v\f\r\x85")
# Fitzpatrick modifiers colour the emoji before them.
_EMOJI_MODIFIERS = range(0x1F3FB, 0x1F400)


def char_class(char: str) -> int:
    """Returns SPACE, WORD, PUNCT or EXTEND for one character.

    SPACE is exactly Unicode's White_Space property. PUNCT is punctuation and symbols (general categories P and S),
    emoji among them. EXTEND belongs to the character before it: combining marks, joiners and other format characters
    (M and Cf), emoji modifiers. Everything else, control characters such as NUL included, is WORD.
    """
    if char in _CONTROL_SPACES:
        return SPACE
    category = unicodedata.category(char)
    if category[0] == "Z":
        return SPACE
    if category[0] == "M" or category == "Cf" or ord(char) in _EMOJI_MODIFIERS:
        return EXTEND
    return PUNCT if category[0] in "PS" else WORD


@functools.cache
def class_table() -> tuple[np.ndarray, np.ndarray]:
    """Returns the two-stage table of all code points.

    Returns:
        pages: int32 [4352], the number of the page that holds code points `256 * i` to `256 * i + 255`.
        classes: int32 [distinct pages * 256], so that the class of `c` is `classes[pages[c >> 8] * 256 + (c & 255)]`.
    """
    every = np.fromiter((char_class(chr(c)) for c in range(sys.maxunicode + 1)), np.int32, sys.maxunicode + 1)
    distinct, pages = np.unique(every.reshape(-1, _PAGE), axis=0, return_inverse=True)
    return pages.reshape(-1).astype(np.int32), distinct.reshape(-1)
