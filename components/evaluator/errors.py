"""Errors of the Evaluator that a user can fix."""

from __future__ import annotations

from components.common.errors import NerError


class EvaluationError(NerError):
    """The evaluation cannot run or would be wrong; the message names the sentence or setting and the fix."""
