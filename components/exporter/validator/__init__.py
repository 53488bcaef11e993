"""Validates exported models the way a server would see them."""

from components.exporter.errors import ExportInvalidError
from components.exporter.validator.validate import require_valid, validate_export
from components.exporter.validator.validation_report import ValidationReport

__all__ = ["ExportInvalidError", "ValidationReport", "require_valid", "validate_export"]
