"""Description of a SavedModel from its files."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Mapping
from typing import Any

from components.common.errors import counted
from components.common.files import tree_size
from components.common.hashing import tree_hash
from components.exporter.contract.contract import Contract
from components.exporter.errors import ExportInvalidError
from components.exporter.saved_model.embedded_metadata import embedded_contract, embedded_manifest, embedded_provenance
from components.exporter.validator.fresh_process import ProbeDiedError, probe
from components.exporter.validator.private_copy import private_copy
from components.exporter.validator.validate import validate_export
from components.exporter.validator.validation_report import ValidationReport


@dataclasses.dataclass(frozen=True)
class Inspection:
    """A description of a model.

    `ner inspect` prints it; see tests/pipeline/cli/test_saved_model.py.

    Attributes:
        contract: the one inside the model, or derived from its signatures.
        facts: label -> text, for people.
        values: the same facts for programs; docs/foreign-models.md lists them.
        written_by: version of the TensorFlow that wrote the model.
        report: of the validator, if requested.
    """

    contract: Contract
    facts: Mapping[str, str]
    values: Mapping[str, Any]
    written_by: str
    report: ValidationReport | None = None


def inspect_model(model_dir: str | os.PathLike[str], check: bool = False) -> Inspection:
    """Describes a model in a separate process, without importing TensorFlow.

    Args:
        model_dir: a SavedModel.
        check: run the validator, too. It runs the model.

    Raises:
        ExportInvalidError: the folder holds no readable model.
        UnsafeModelError: the folder holds links that leave it, or special files.
    """
    with private_copy(model_dir) as folder:
        values: dict[str, Any] = {}
        origin = embedded_provenance(folder)
        try:
            for line in probe("describe", folder):
                values.update(line)
        except ProbeDiedError as error:
            raise ExportInvalidError(f"{folder}: not a readable SavedModel. {str(error).splitlines()[-1]}") from error
        embedded = embedded_contract(folder)
        weights, unread = values["variable_bytes"], values["unread_bytes"]
        size, identity = tree_size(folder), tree_hash(folder)
        facts = {
            "entity types": ", ".join(values["entity_types"]) or "none found",
            "contract": f"version {embedded.version}, inside the model"
            if embedded
            else "none; derived from the signatures",
            **{f"made from: {name}": text for name, text in sorted(origin.items())},
            "written by": f"TensorFlow {values['written_by']}",
            "weights": f"{weights:,} bytes in {counted(values['variables'], 'variable')}, {unread:,} of them unread",
            "assets": ", ".join(values["assets"]) or "none",
            "ops": counted(len(values["ops"]), "kind"),
            "may be loaded": f"no: {values['unsafe']}" if values["unsafe"] else "yes",
            "size": f"{size:,} bytes",
            "tree hash": identity,
        }
        described = {
            "entity_types": values["entity_types"],
            "contract_embedded": embedded is not None,
            "provenance": origin,
            "tensorflow": values["written_by"],
            "variables": values["variables"],
            "variable_bytes": weights,
            "unread_bytes": unread,
            "assets": values["assets"],
            "ops": values["ops"],
            "unsafe": values["unsafe"],
            "size_bytes": size,
            "tree_hash": identity,
        }
        return Inspection(
            contract=embedded or Contract.from_dict(values["contract"]),
            facts=facts,
            values=described,
            written_by=values["written_by"],
            report=validate_export(folder, embedded, manifest=embedded_manifest(folder)) if check else None,
        )
