"""Base class of the errors that a user can cause and fix."""

from __future__ import annotations

import reprlib
from typing import Any

from components.common.masking import mask

LONGEST_QUOTE = 80
"""Most characters of a value in an error; two of them and some words are about 200."""

_FEW = 0.095  # shares from here on have no decimals


class NerError(Exception):
    """An error whose text is meant for the user: `<where>: <problem>. <fix>`.

    `<where>` is a file and line, or a setting with dots such as `trainer.epochs`. The command line prints the text
    without a traceback. Passwords and tokens in it are masked. Every other exception, unless
    `components.common.faults` explains it, is a bug and keeps its traceback.

    Example:
        >>> raise NerError("glove.txt:7: 'x' is not a number. Download the file again.")
        Traceback (most recent call last):
        components.common.errors.NerError: glove.txt:7: 'x' is not a number. Download the file again.
    """

    def __init__(self, text: str = "") -> None:
        """Masks the text, which may quote an address or a library."""
        super().__init__(mask(text))


class LockHeldError(NerError):
    """Another process of this machine holds the lock."""


def quoted(value: Any, limit: int = LONGEST_QUOTE) -> str:
    """Returns a value of the user for the text of an error: printable, on one line, and cut.

    Every error that quotes user data calls it: a value of a gigabyte neither fills a log nor is copied.

    Example:
        >>> quoted("B-PER"), quoted("x" * 5000, limit=8), quoted({"a": ["b"]})
        ("'B-PER'", "'xxxxxx…", "{'a': ['b']}")
    """
    text = repr(value[:limit]) if isinstance(value, str | bytes) else _Short(limit).repr(value)
    # A cut text keeps its opening quotation mark only.
    return shortened(text, limit)


def counted(number: int, noun: str, plural: str = "") -> str:
    """Returns a number with its noun, in the singular for one.

    Example:
        >>> counted(1, "variable"), counted(1200, "variable"), counted(2, "copy", "copies")
        ('1 variable', '1,200 variables', '2 copies')
    """
    return f"{number:,} {noun if number == 1 else plural or f'{noun}s'}"


def percent(share: float, digits: int | None = None) -> str:
    """Returns a share in percent.

    Args:
        share: a share of one.
        digits: decimals; None: one below 10 %, otherwise none.

    Example:
        >>> percent(0.812), percent(0.0812), percent(0), percent(0.812, digits=1)
        ('81 %', '8.1 %', '0 %', '81.2 %')
    """
    if digits is None:
        digits = int(0 < share < _FEW)
    return f"{100 * share:.{digits}f} %"


def shortened(text: str, limit: int = LONGEST_QUOTE) -> str:
    """Returns the start of a text, with an ellipsis if it is longer.

    Example:
        >>> shortened("sentence-17", limit=6)
        'sente…'
    """
    return text if len(text) <= limit else f"{text[: limit - 1]}…"


class _Short(reprlib.Repr):
    """`reprlib` with room for `limit` characters; it visits no more items than fit."""

    def __init__(self, limit: int) -> None:
        super().__init__()
        self.maxlevel = 6
        self.maxstring = self.maxlong = self.maxother = limit
        self.maxlist = self.maxtuple = self.maxdict = self.maxset = limit // 3
