"""What a tagger's linear part looks at together."""

from __future__ import annotations

from typing import Final

# Columns of a token: its word, its case, then its subwords (components/transform/subwords.py): prefixes of 1 to 4
# characters, suffixes of 1 to 4, shape, what it touches.
_WORD, _CASE = 0, 1
_PREFIX_2, _PREFIX_3, _PREFIX_4 = 3, 4, 5
_SUFFIX_2, _SUFFIX_3, _SUFFIX_4 = 7, 8, 9
_SHAPE, _TOUCH = 10, 11
_AFFIXES = range(2, 10)
_LONG = (_PREFIX_3, _PREFIX_4, _SUFFIX_3, _SUFFIX_4)

# Each is one to three (column, distance from the token); negative distances stand before it.
TEMPLATES: Final[tuple[tuple[tuple[int, int], ...], ...]] = (
    # the token alone
    *(((affix, 0),) for affix in _AFFIXES),
    *(((affix, 0), (_CASE, 0)) for affix in _LONG),
    ((_WORD, 0), (_CASE, 0)),
    ((_WORD, 0), (_SHAPE, 0)),
    ((_TOUCH, 0), (_CASE, 0)),
    # one token, here or near
    *(((_WORD, at),) for at in range(-3, 4)),
    *(((_CASE, at), (_SHAPE, at)) for at in range(-2, 3)),
    *(((affix, at),) for at in (-1, 1) for affix in (_PREFIX_2, _PREFIX_3, _SUFFIX_2, _SUFFIX_3)),
    # the token and its neighbours
    *(((_WORD, at), (_WORD, at + 1)) for at in range(-2, 2)),
    *(((_WORD, at), (_CASE, 0)) for at in (-1, 1)),
    *(((_WORD, at), (_SHAPE, 0)) for at in (-1, 1)),
    *(((_WORD, at), (_SUFFIX_3, 0)) for at in (-1, 1)),
    *(((_WORD, -1), (affix, 0)) for affix in (_PREFIX_3, _PREFIX_4, _SUFFIX_4)),
    *(((_SUFFIX_3, at), (_SUFFIX_3, 0), (_CASE, 0)) for at in (-1, 1)),
    ((_WORD, -1), (_SHAPE, 0), (_WORD, 1)),
    # how letters are written along the sentence
    *(((_CASE, at), (_CASE, at + 1)) for at in (-1, 0)),
    *(((_SHAPE, at), (_SHAPE, at + 1)) for at in (-1, 0)),
    *(((_SUFFIX_3, at), (_SUFFIX_3, at + 1)) for at in (-1, 0)),
    *(((_CASE, at), (_CASE, at + 1), (_CASE, at + 2)) for at in (-2, -1, 0)),
)

# How many of a token's columns the templates look at.
COLUMNS: Final = 1 + max(column for template in TEMPLATES for column, _ in template)


def reach() -> int:
    """Returns how far away, in tokens, the farthest is that a template looks at."""
    return max(abs(distance) for template in TEMPLATES for _, distance in template)
