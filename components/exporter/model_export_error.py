"""Why a model cannot be exported."""

from __future__ import annotations

from components.common.errors import NerError


class ModelExportError(NerError):
    """Model, transform graph, labels and wishes do not go together; the text names what and says what to give."""
