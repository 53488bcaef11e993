"""Folding of case and digits, character by character: "MAY 1997" and "May 2024" share words.

`tf.strings.lower` would not do: it follows the locale of the machine that serves (in a Turkish one "I" becomes a
dotless i), and its full mapping changes how many characters a word has.
"""

from __future__ import annotations

# What no mapping of one character to one gives: the dotted capital I, and the sigma that Greek writes at a word's end.
_SPECIAL = {"\u0130": "i", "\u03c2": "\u03c3"}


def fold_char(char: str) -> str:
    """Returns the one character that stands for this one: "0" for every decimal digit, lower case for letters."""
    if char in _SPECIAL:
        return _SPECIAL[char]
    if char.isdecimal():
        return "0"
    lower = char.lower()
    return lower if len(lower) == 1 else char


def fold(text: str) -> str:
    """Folds each character of a text; the result is as long as the text."""
    return text.lower() if text.isascii() and text.isalpha() else "".join(map(fold_char, text))
