"""What can be said of a SavedModel without running it."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from components.common.hashing import tree_hash
from components.exporter.contract.contract import Contract
from components.exporter.saved_model.embedded_metadata import embedded_contract, embedded_manifest, embedded_provenance
from components.exporter.validator import ExportInvalidError, ValidationReport, validate_export
from components.exporter.validator.fresh_process import ProbeDiedError, probe


@dataclasses.dataclass(frozen=True)
class Inspection:
    """A model at a glance.

    Attributes:
        contract: the one inside the model, or what its signatures say.
        facts: label -> text, for people.
        report: of the validator, if that was wanted.
    """

    contract: Contract
    facts: Mapping[str, str]
    report: ValidationReport | None = None


def inspect_model(model_dir: str | os.PathLike[str], check: bool = False) -> Inspection:
    """Reads a model's file in a fresh process; TensorFlow is not imported.

    Args:
        model_dir: a SavedModel.
        check: run the validator, too.

    Raises:
        ExportInvalidError: there is no model that could be read.
    """
    folder = Path(model_dir)
    found: dict[str, Any] = {}
    try:
        for line in probe({"task": "describe", "model": str(folder.resolve()), "golden": []}, timeout=60):
            found.update(line)
    except ProbeDiedError as error:
        raise ExportInvalidError(f"{folder}: no SavedModel that can be read. {str(error).splitlines()[-1]}") from error
    attached = embedded_contract(folder)
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    weights, unread = found["variable_bytes"], found["unread_bytes"]
    facts = {
        "contract": f"version {attached.version}, inside the model" if attached else "none; from the signatures",
        **{f"made from: {name}": text for name, text in sorted(embedded_provenance(folder).items())},
        "written by": f"TensorFlow {found['written_by']}",
        "weights": f"{weights:,} bytes in {found['variables']} variables, {unread:,} of them unread",
        "assets": ", ".join(found["assets"]) or "none",
        "ops": f"{len(found['ops'])} kinds",
        "size": f"{size:,} bytes",
        "tree hash": tree_hash(folder),
    }
    report = validate_export(folder, attached, manifest=embedded_manifest(folder)) if check else None
    return Inspection(attached or Contract.from_dict(found["contract"]), facts, report)
