"""The error of a report that a user can mend."""

from __future__ import annotations

from components.common.errors import NerError


class ReportError(NerError):
    """A report cannot be found or completed; the text says which, and what to do."""
