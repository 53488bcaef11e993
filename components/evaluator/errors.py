"""The error of the evaluation that a user can mend."""

from __future__ import annotations

from components.common.errors import NerError


class EvaluationError(NerError):
    """The evaluation cannot be trusted or cannot run; the text says which sentence or setting, and what to do."""
