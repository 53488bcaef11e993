"""Errors of the Reporter that a user can fix."""

from __future__ import annotations

from components.common.errors import NerError


class ReportError(NerError):
    """A report cannot be found or completed; the message names the report and the fix."""
