"""Base class of the errors that a user can cause and fix."""

from __future__ import annotations

from components.common.masking import mask


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
