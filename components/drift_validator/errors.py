"""Errors of the drift checks that a user can fix."""

from __future__ import annotations

from components.common.errors import NerError


class DriftError(NerError):
    """The data drifted too far from the champion's training data; the message names the distances and the fix."""


class RequestLogError(NerError):
    """A request log cannot be read; the message names file and line."""
