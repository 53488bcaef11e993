"""Errors of the Exporter."""

from __future__ import annotations

from components.common.errors import NerError


class ContractError(NerError):
    """A serving contract is unreadable or contradicts the settings."""


class BreakingChangeError(ContractError):
    """A model would break callers of the champion."""


class ExportError(NerError):
    """A model cannot be exported with the given transform graph, labels or signatures."""


class ExportInvalidError(NerError):
    """An exported model failed a check; the text names check, signature and fix."""


class UnsafeModelError(ExportInvalidError):
    """A model of unknown origin was refused before anything of it ran."""
