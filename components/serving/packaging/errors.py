"""Errors of packaging."""

from __future__ import annotations

from components.common.errors import NerError


class PackageError(NerError):
    """A model, a setting or a folder does not fit the layout of a server."""
