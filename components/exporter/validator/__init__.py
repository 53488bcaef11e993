"""The validator: checks a SavedModel against its contract in a separate process, as a server would load it.

Read `validate` first, then `fresh_process` (the process and its limits, on a `private_copy`), then `probe` (the part
that runs in it; `probe/checks.py` lists the checks). `reference` records golden answers of a sound model.
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
