"""What each Unicode code point is to a tokenizer: blank, part of a word, connector, punctuation, or an extension.

One function serves the Python reference (`words.py`) and the graph's table (`char_traits.py`), so the two cannot drift
apart.
"""

from __future__ import annotations

import unicodedata

SPACE, WORD, PUNCT, EXTEND, CONNECTOR = range(5)

# Unicode White_Space that is not in the general category Z (PropList.txt).
_CONTROL_SPACES = frozenset("\t\n\v\f\r\x85")
# Punctuation that words, numbers, addresses and names hold inside: "U.S.-based", "AT&T", "10:30", "a@b.org". Beside
# ASCII's: apostrophe, hyphens, the middle dot of Catalan.
_CONNECTORS = frozenset("#$%&'*+,-./:=?@\\_~’‐‑·")
# Fitzpatrick modifiers colour the emoji before them.
_EMOJI_MODIFIERS = range(0x1F3FB, 0x1F400)


def char_class(char: str) -> int:
    """Returns SPACE, WORD, CONNECTOR, PUNCT or EXTEND for one character.

    SPACE is exactly Unicode's White_Space property. PUNCT is punctuation and symbols (general categories P and S),
    emoji among them, but for the few that are CONNECTOR: inside a word they belong to it. EXTEND belongs to the
    character before it: combining marks, joiners and other format characters (M and Cf), emoji modifiers. Everything
    else, control characters such as NUL included, is WORD.
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
