"""Scripts: those that are written without spaces, and their names.

Neither `unicodedata` nor `re` knows the property Script, so the ranges of the scripts without spaces stand here
(Scripts.txt of Unicode 16, whole blocks). Tibetan is missing on purpose: its syllables end in a visible mark.
"""

from __future__ import annotations

import functools
import re
import sys
import unicodedata
from collections import Counter
from collections.abc import Sequence
from itertools import accumulate

_UNSPACED = {
    "Han (Chinese, Japanese)": "\u2e80-\u2fdf\u3005\u3007\u3021-\u3029\u3038-\u303b\u3400-\u4dbf\u4e00-\u9fff"
    "\uf900-\ufaff\U00020000-\U000323af",
    "Hiragana (Japanese)": "\u3041-\u309f\U0001b001-\U0001b11f\U0001b150-\U0001b152",
    "Katakana (Japanese)": "\u30a0-\u30ff\u31f0-\u31ff\u32d0-\u32fe\uff66-\uff9f\U0001aff0-\U0001b000"
    "\U0001b120-\U0001b122\U0001b155-\U0001b167",
    "Bopomofo (Chinese)": "\u3105-\u312f\u31a0-\u31bf",
    "Thai": "\u0e01-\u0e3a\u0e40-\u0e5b",
    "Lao": "\u0e80-\u0eff",
    "Khmer": "\u1780-\u17ff\u19e0-\u19ff",
    "Myanmar (Burmese)": "\u1000-\u109f\ua9e0-\ua9ff\uaa60-\uaa7f",
    "Yi": "\ua000-\ua4cf",
    "Javanese": "\ua980-\ua9df",
    "Balinese": "\u1b00-\u1b7f",
    "Tai Le": "\u1950-\u197f",
    "New Tai Lue": "\u1980-\u19df",
    "Tai Tham": "\u1a20-\u1aaf",
    "Tai Viet": "\uaa80-\uaadf",
}
_NAMES = {name: re.compile(f"[{ranges}]") for name, ranges in _UNSPACED.items()}
_ANY = re.compile(f"[{''.join(_UNSPACED.values())}]")
_HANGUL = re.compile("[\u1100-\u11ff\u3131-\u318e\ua960-\ua97c\uac00-\ud7fb\uffa0-\uffdc]")
# Letters that never begin a syllable: vowels after the consonant (Thai, Lao), halfwidth sound marks (Katakana), and
# vowels and finals of decomposed Hangul. Combining marks belong to the character before them in any script.
_ATTACHED = re.compile("[\u0e30\u0e32\u0e33\u0e45\u0eb0\u0eb2\u0eb3\uff9e\uff9f\u1160-\u11ff\ud7b0-\ud7fb]")
# Vowels written before the consonant (Unicode's Logical_Order_Exception), and the signs that stack the next consonant
# (Khmer coeng, Burmese virama and the like).
_LINKS = re.compile(
    "[\u0e40-\u0e44\u0ec0-\u0ec4\u19b5-\u19b7\u19ba\uaab5\uaab6\uaab9\uaabb\uaabc\u17d2\u1039\u1a60\u1b44\ua9c0]"
)


def is_unspaced(text: str) -> bool:
    """Returns whether a text has a character of a script that is written without spaces between words.

    Example:
        >>> is_unspaced("北京 is Beijing"), is_unspaced("서울"), is_unspaced("Hà Nội")
        (True, False, False)
    """
    return bool(_ANY.search(text))


def has_hangul(text: str) -> bool:
    """Returns whether a text has a letter of Hangul.

    Example:
        >>> has_hangul("서울"), has_hangul("北京")
        (True, False)
    """
    return bool(_HANGUL.search(text))


@functools.cache
def is_separate(char: str, hangul: bool = False) -> bool:
    """Returns whether the tokenizers for scripts without spaces cut a character off its neighbors.

    Args:
        char: a letter of such a script, or another character.
        hangul: whether letters of Hangul count, too.

    Example:
        >>> [is_separate(char) for char in "王ก7。"], is_separate("서"), is_separate("서", hangul=True)
        ([True, True, False, False], False, True)
    """
    if not (_ANY.match(char) or (hangul and _HANGUL.match(char))):
        return False
    return unicodedata.category(char) in ("Lo", "Lm", "Nl") or is_linking(char)


def separate_characters(hangul: bool = False) -> list[str]:
    """Returns all characters that `is_separate` names.

    Example:
        >>> "王" in separate_characters(), "서" in separate_characters()
        (True, False)
    """
    everything = "".join(map(chr, range(sys.maxunicode + 1)))
    chars = [*_ANY.findall(everything), *(_HANGUL.findall(everything) if hangul else ())]
    return [char for char in chars if is_separate(char, hangul)]


def is_attached(char: str) -> bool:
    """Returns whether a letter belongs to the character before it.

    Example:
        >>> [is_attached(char) for char in "กา"]
        [False, True]
    """
    return bool(_ATTACHED.match(char))


def is_linking(char: str) -> bool:
    """Returns whether a letter or sign belongs to the letter after it, too.

    Example:
        >>> [is_linking(char) for char in "ไก"]
        [True, False]
    """
    return bool(_LINKS.match(char))


def unspaced_share(text: str) -> float:
    """Returns the share of a text's letters that are of scripts without spaces.

    Example:
        >>> unspaced_share("Bo 来了"), unspaced_share("42")
        (0.5, 0.0)
    """
    letters = sum(map(str.isalpha, text))
    return sum(map(str.isalpha, "".join(_ANY.findall(text)))) / letters if letters else 0.0


def script_of(text: str) -> str:
    """Returns the name of the script of most letters, in plain words; empty if there are none.

    Example:
        >>> script_of("北京, 2026"), script_of("Oslo"), script_of("«Київ»"), script_of("42")
        ('Han (Chinese, Japanese)', 'Latin', 'Cyrillic', '')
    """
    scripts = Counter(_script(char) for char in text if unicodedata.category(char)[0] == "L")
    return max(scripts, key=scripts.__getitem__, default="")


def _script(char: str) -> str:
    for name, pattern in _NAMES.items():
        if pattern.match(char):
            return name
    return unicodedata.name(char, "unknown").split()[0].capitalize()


def join_as_written(tokens: Sequence[str]) -> tuple[str, list[int]]:
    """Joins tokens as the script is written, and returns the text and the offset of each token.

    A space stands between two tokens, except if the characters that meet are both of scripts without spaces, or one of
    them is and the other one is a wide punctuation mark.

    Example:
        >>> join_as_written(["李", "磊", "。", "Bo", "left", "."])
        ('李磊。 Bo left .', [0, 1, 2, 4, 7, 12])
    """
    parts = [token if not i or _touches(tokens[i - 1], token) else f" {token}" for i, token in enumerate(tokens)]
    ends = accumulate(map(len, parts))
    return "".join(parts), [end - len(token) for end, token in zip(ends, tokens, strict=True)]


def _touches(one: str, other: str) -> bool:
    # Marks that extend a letter (Thai vowels, Japanese sound marks) lie in the ranges, too.
    sides = one[-1:], other[:1]
    unspaced = [bool(_ANY.match(side)) for side in sides]
    return any(unspaced) and all(ok or is_wide_mark(side) for ok, side in zip(unspaced, sides, strict=True))


def is_wide_mark(char: str) -> bool:
    """Returns whether a character is punctuation as wide as a Han character, which has no space next to it.

    Example:
        >>> is_wide_mark("。"), is_wide_mark(".")
        (True, False)
    """
    return bool(char) and unicodedata.east_asian_width(char) in "WF" and unicodedata.category(char)[0] == "P"
