"""Why a model cannot be signed anew."""

from __future__ import annotations

from components.common.errors import NerError


class ResignError(NerError):
    """A wish that does not go with the model; the text names the signature or tensor and what to ask for instead."""
