"""Folding of case and digits: "MAY 1997" and "May 2024" share words.

`tf.strings.lower` does not qualify: it follows the locale of the serving machine (in a Turkish one "I" becomes a
dotless i). Graph (`Characters.folded`) and Python (`fold`) share the table of `fold_char` and `REPLACEMENTS`.
"""

from __future__ import annotations

from typing import Final

REPLACEMENTS: Final = (("i\u0307", "i"), ("ß", "ss"))
"""Replacements after `fold_char`: the lower case of İ, which has two characters, and ß, whose upper case is SS."""


def fold_char(char: str) -> str:
    """Returns the one character that represents this one: "0" for decimal digits, lower case for letters.

    Letters with the same upper case fold alike, such as σ and the final ς, or i and the dotless ı.

    Example:
        >>> [fold_char(char) for char in "Éς٣½"]
        ['é', 'σ', '0', '½']
    """
    if char == "\u0130":  # İ, the only character whose lower case is longer than one
        return "i"
    if char.isdecimal():
        return "0"
    upper = char.upper()
    lower = (upper if len(upper) == 1 else char).lower()
    return lower if len(lower) == 1 else char


def fold(text: str) -> str:
    """Folds case and digits of a text, so that its spellings in capitals, small letters and title case are equal.

    Not covered: letters other than ß whose upper case has several characters, such as the ligature ﬁ.

    Example:
        >>> fold("Οδός"), fold("ΟΔΌΣ"), fold("İstanbul"), fold("STRASSE"), fold("Straße 24")
        ('οδόσ', 'οδόσ', 'istanbul', 'strasse', 'strasse 00')
    """
    if text.isascii() and text.isalpha():
        return text.lower()
    folded = "".join(map(fold_char, text))
    for old, new in REPLACEMENTS:
        folded = folded.replace(old, new)
    return folded
