"""Errors of batch prediction."""

from __future__ import annotations

from components.common.errors import NerError


class BatchError(NerError):
    """A job that cannot start, continue or finish."""


class BadRowError(NerError):
    """A row that cannot be read or tagged; the text is the reason, without a place."""
