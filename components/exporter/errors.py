"""Errors."""

from __future__ import annotations

from components.common.errors import NerError


class ContractError(NerError):
    """A serving contract cannot be read, or contradicts itself or the settings; the text says what to change."""


class ModelExportError(NerError):
    """Model, transform graph, labels and wishes do not go together; the text names what and says what to give."""


class AddSignaturesError(NerError):
    """A wish that does not go with the model; the text names the signature or tensor and what to ask for instead."""


class ExportInvalidError(NerError):
    """An exported model failed a check; the text names check, signature and cure."""
