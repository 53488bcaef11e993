"""Forms and shapes of words."""

from __future__ import annotations

import itertools
from collections.abc import Callable


class _CharTable(dict[int, str]):
    """Table for `str.translate` that is filled on demand."""

    def __init__(self, rule: Callable[[str], str]) -> None:
        super().__init__()
        self._rule = rule

    def __missing__(self, code_point: int) -> str:
        self[code_point] = self._rule(chr(code_point))
        return self[code_point]


def _shape_of(char: str) -> str:
    if char.isdigit():
        return "0"
    if char.isupper():
        return "X"
    return "x" if char.isalpha() else char


_DIGITS = _CharTable(lambda char: "0" if char.isdigit() else char)
_SHAPES = _CharTable(_shape_of)


def normalized(token: str) -> str:
    """Returns a token with folded case and digits: `MAY-1997` becomes `may-0000`."""
    return token.lower().translate(_DIGITS)


def shape(token: str) -> str:
    """Returns a token with X for upper case, x for lower case and 0 for digits: `McDonald's` becomes `XxXxxxxx'x`."""
    return token.translate(_SHAPES)


def short_shape(token: str) -> str:
    """Returns a shape without repetitions: `McDonald's` becomes `XxXx'x`."""
    return "".join(char for char, _ in itertools.groupby(shape(token)))
