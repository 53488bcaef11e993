"""The one base class of errors that a user can cause and mend."""

from __future__ import annotations


class NerError(Exception):
    """An error whose text is meant for the user.

    The text names the file and line, the key or the field, what was found, and what to do. The command line prints it
    without a traceback; every other exception is a defect of ours and keeps its traceback.
    """
