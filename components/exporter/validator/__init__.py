"""The validator: checks a SavedModel against its contract in a separate process, as a server would load it.

Read `validate` first, then `probe` (the part that runs in the separate process; `probe/checks.py` lists the checks).
`reference` records golden answers of a sound model.
"""

from components.common.lazy_exports import lazy_exports

__all__ = ["CheckResult", "ValidationReport", "reference_answers", "require_valid", "validate_export"]

__getattr__ = lazy_exports(
    __name__,
    {
        "CheckResult": "validation_report",
        "ValidationReport": "validation_report",
        "reference_answers": "reference",
        "require_valid": "validate",
        "validate_export": "validate",
    },
)
