"""Why a model cannot be packaged."""

from __future__ import annotations

from components.common.errors import NerError


class PackageError(NerError):
    """A model, a wish or a folder does not fit a server's layout; the text says what to do."""
