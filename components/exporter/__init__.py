"""The Exporter: turns a trained tagger, or any Keras model, into a SavedModel that a server can load, and validates it.

Read `executor` first (the steps of the component), then `serving.serving_module` (the exported graph), then
`validator.validate` (the checks). `contract` describes signatures, `saved_model` works on SavedModel folders,
`any_model` exports Keras models that are not taggers.
"""

from components.common.lazy_exports import lazy_exports
from components.exporter.errors import ContractError, ExportError, ExportInvalidError
from components.exporter.signatures import Signatures

_MODULES = {
    "Contract": "contract.contract",
    "Exporter": "component",
    "ValidationReport": "validator.validation_report",
    "add_signatures": "saved_model.add_signatures",
    "build_contract": "contract.contract",
    "embedded_contract": "saved_model.embedded_metadata",
    "export": "saved_model.exporting",
    "export_model": "any_model.export",
    "inspect_model": "saved_model.inspecting",
    "require_valid": "validator.validate",
    "scrub_build_paths": "saved_model.scrub",
    "validate_export": "validator.validate",
}
__all__ = ["ContractError", "ExportError", "ExportInvalidError", "Signatures", *_MODULES]
__getattr__ = lazy_exports(__name__, _MODULES)
