"""Base class of the errors that a user can cause and fix."""

from __future__ import annotations


class NerError(Exception):
    """An error whose text is meant for the user: `<where>: <problem>. <fix>`.

    `<where>` is a file and line, or a setting with dots such as `trainer.epochs`. The command line prints the text
    without a traceback. Every other exception is a bug and keeps its traceback.

    Example:
        >>> raise NerError("glove.txt:7: 'x' is not a number. Download the file again.")
        Traceback (most recent call last):
        components.common.errors.NerError: glove.txt:7: 'x' is not a number. Download the file again.
    """


class LockHeldError(NerError):
    """Another process of this machine holds the lock."""
