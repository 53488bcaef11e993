"""A model that must not be served."""

from __future__ import annotations

from components.common.errors import NerError


class ExportInvalidError(NerError):
    """An exported model failed a check; the text names check, signature and cure."""
