"""Feature templates of the linear expert."""

from __future__ import annotations

from typing import Final

# Columns of a token: word, case, and subwords (components/transform/subwords.py): prefixes of 1 to 4 characters,
# suffixes of 1 to 4, shape, kind of the first character.
WORD, CASE = 0, 1
PREFIX_2, PREFIX_3, PREFIX_4 = 3, 4, 5
SUFFIX_2, SUFFIX_3, SUFFIX_4 = 7, 8, 9
SHAPE, KIND = 10, 11
AFFIXES = range(2, 10)
_LONG = (PREFIX_3, PREFIX_4, SUFFIX_3, SUFFIX_4)

# Each is one to three (column, offset from the token); negative offsets are before it.
TEMPLATES: Final[tuple[tuple[tuple[int, int], ...], ...]] = (
    # the token alone
    *(((affix, 0),) for affix in AFFIXES),
    *(((affix, 0), (CASE, 0)) for affix in _LONG),
    ((WORD, 0), (CASE, 0)),
    ((WORD, 0), (SHAPE, 0)),
    ((KIND, 0), (CASE, 0)),
    # the token or one neighbour
    *(((WORD, at),) for at in range(-3, 4)),
    *(((CASE, at), (SHAPE, at)) for at in range(-2, 3)),
    *(((affix, at),) for at in (-1, 1) for affix in (PREFIX_2, PREFIX_3, SUFFIX_2, SUFFIX_3)),
    # the token and its neighbours
    *(((WORD, at), (WORD, at + 1)) for at in range(-2, 2)),
    *(((WORD, at), (CASE, 0)) for at in (-1, 1)),
    *(((WORD, at), (SHAPE, 0)) for at in (-1, 1)),
    *(((WORD, at), (SUFFIX_3, 0)) for at in (-1, 1)),
    *(((WORD, -1), (affix, 0)) for affix in (PREFIX_3, PREFIX_4, SUFFIX_4)),
    *(((SUFFIX_3, at), (SUFFIX_3, 0), (CASE, 0)) for at in (-1, 1)),
    ((WORD, -1), (SHAPE, 0), (WORD, 1)),
    # case, shape and suffixes of consecutive tokens
    *(((CASE, at), (CASE, at + 1)) for at in (-1, 0)),
    *(((SHAPE, at), (SHAPE, at + 1)) for at in (-1, 0)),
    *(((SUFFIX_3, at), (SUFFIX_3, at + 1)) for at in (-1, 0)),
    *(((CASE, at), (CASE, at + 1), (CASE, at + 2)) for at in (-2, -1, 0)),
)

# For each column of a gazetteer or of clusters, which is `EXTRA` here.
EXTRA = -1
GAZETTEER_TEMPLATES: Final[tuple[tuple[tuple[int, int], ...], ...]] = (
    *(((EXTRA, at),) for at in (-1, 0, 1)),
    *(((EXTRA, at), (CASE, 0)) for at in (-1, 0, 1)),
    ((EXTRA, 0), (SHAPE, 0)),
    *(((EXTRA, at), (EXTRA, at + 1)) for at in (-1, 0)),
    ((EXTRA, 0), (CASE, -1), (CASE, 1)),
)

CLUSTER_TEMPLATES: Final[tuple[tuple[tuple[int, int], ...], ...]] = (
    *(((EXTRA, at),) for at in (-2, -1, 0, 1, 2)),
    *(((EXTRA, at), (CASE, 0)) for at in (-1, 0, 1)),
    *(((EXTRA, at), (EXTRA, at + 1)) for at in (-1, 0)),
)

COLUMNS: Final = 1 + max(column for template in TEMPLATES for column, _ in template)
"""Number of columns of a token that `TEMPLATES` read; those of gazetteers and clusters follow."""


def reach() -> int:
    """Returns the largest distance, in tokens, that a template covers.

    Example:
        >>> reach()
        3
    """
    return max(abs(distance) for template in TEMPLATES for _, distance in template)
