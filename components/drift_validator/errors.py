"""The errors of the drift checks that a user can mend."""

from __future__ import annotations

from components.common.errors import NerError


class DriftError(NerError):
    """The data lies too far from what the champion was trained on; the text says in what, and what to do."""


class RequestLogError(NerError):
    """Logged requests cannot be read; the text names file and line."""
