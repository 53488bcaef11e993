"""The copy of a model that goes into a package."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from absl import logging

from components.common.hashing import tree_hash
from components.common.progress import report_progress
from components.exporter.contract.contract import Contract
from components.exporter.saved_model.inspecting import inspect_model
from components.exporter.validator.fresh_process import require_safe
from components.exporter.validator.private_copy import copy_model, private_copy
from components.exporter.validator.probe.folder_checks import models_below
from components.exporter.validator.reference import reference_answers
from components.keys import SAVED_MODEL_FILE
from components.registry.names import check_alias
from components.serving.packaging.errors import PackageError
from components.serving.packaging.settings import PackageSettings
from components.serving.packaging.warmup import write_warmup

_LARGEST = 32  # rows of a warm-up request


@dataclasses.dataclass(frozen=True)
class ModelVersion:
    """One version of a model to package.

    Attributes:
        folder: a SavedModel; it is only read.
        version: its number, from 1 upwards.
        labels: names under which a server offers it in addition to the number, e.g. `champion`.
    """

    folder: Path
    version: int
    labels: tuple[str, ...] = ()

    def check(self) -> None:
        """Checks folder, number and labels.

        Raises:
            NerError: no SavedModel, or an invalid version or label.
        """
        if not (self.folder / SAVED_MODEL_FILE).is_file():
            versions = models_below(self.folder)
            fix = f"folder of a version: {self.folder / versions[-1]}" if versions else "folder of a SavedModel"
            raise PackageError(f"{self.folder}: no {SAVED_MODEL_FILE}. Give the {fix}.")
        if self.version < 1:
            raise PackageError(f"version {self.version}: servers take whole numbers from 1 upwards.")
        for label in self.labels:
            check_alias(label)


@dataclasses.dataclass(frozen=True)
class PreparedModel:
    """The copy that goes into a package.

    Attributes:
        folder: the copy; a layout moves it to its place or archives it.
        version: its number.
        labels: names in addition to the number.
        contract: of the copy.
        cases: known answers of the copy, from `reference_answers`.
        source_hash: tree hash of the original model.
        tree_hash: tree hash of the copy, including warm-up requests.
    """

    folder: Path
    version: int
    labels: tuple[str, ...]
    contract: Contract
    cases: Sequence[Mapping[str, Any]]
    source_hash: str
    tree_hash: str

    @property
    def unanswered(self) -> list[str]:
        """Signatures that answer no generated request."""
        return sorted({*self.contract.signatures} - {case["signature"] for case in self.cases})

    @property
    def can_batch(self) -> bool:
        """True if a server may join requests: all inputs and outputs of all signatures have an open first dimension."""
        return _can_batch(self.contract)

    @property
    def varying(self) -> list[str]:
        """Signatures whose answers have a width that depends on the rows: a server cannot join answers to parts."""
        return sorted(
            name
            for name, signature in self.contract.signatures.items()
            if any(tensor.shape is None or None in tensor.shape[1:] for tensor in signature.outputs.values())
        )


def prepare(source: ModelVersion, original: Path, folder: Path, settings: PackageSettings) -> PreparedModel:
    """Copies a model, records answers of the copy, and writes its warm-up requests.

    Args:
        source: the model to copy.
        original: folder of the original model; it differs from `source` if signatures were added.
        folder: where the copy goes.
        settings: name and server.

    Raises:
        UnsafeModelError: the model may not be loaded.
        NerError: the model cannot be loaded, answers nothing, or is newer than the server.
    """
    with private_copy(source.folder) as model:
        report_progress(f"reading version {source.version}", 0, 0)
        require_safe(model)
        inspection = inspect_model(model)
        _require_server(inspection.written_by, settings)
        cases = reference_answers(model, inspection.contract, batches=_batches(settings))
        if not cases:
            raise PackageError(
                f"{source.folder}: no signature answers requests made up from its inputs, so the package would "
                f"have no warm-up and no example. `ner inspect --check {source.folder}` names the cause. A model that "
                "reads only texts of a certain form, such as serialized examples, cannot be packaged."
            )
        report_progress(f"copying version {source.version}", 0, 0)
        source_hash = tree_hash(model if original == source.folder else original)
        copy_model(model, folder)
    most_rows = settings.batching.max_batch_size if _can_batch(inspection.contract) else None
    write_warmup(folder, settings.name, cases, most_rows)
    prepared = PreparedModel(
        folder=folder,
        version=source.version,
        labels=source.labels,
        contract=inspection.contract,
        cases=cases,
        source_hash=source_hash,
        tree_hash=tree_hash(folder),
    )
    if prepared.unanswered:
        logging.warning("no warm-up and no example for %s: no generated request", ", ".join(prepared.unanswered))
    return prepared


def _can_batch(contract: Contract) -> bool:
    return all(
        tensor.shape is None or tensor.shape[:1] == (None,)
        for signature in contract.signatures.values()
        for tensor in (*signature.inputs.values(), *signature.outputs.values())
    )


def _batches(settings: PackageSettings) -> list[int]:
    """Returns the rows of warm-up requests: a server refuses larger ones, and with them the model."""
    most = settings.batching.max_batch_size
    return sorted({rows for rows in (1, 2, min(most, _LARGEST)) if rows <= most})


def _require_server(written_by: str, settings: PackageSettings) -> None:
    match = re.search(r"(\d+)\.(\d+)", written_by)
    if match and (int(match[1]), int(match[2])) > settings.release:
        raise PackageError(
            f"the model was written by TensorFlow {written_by}, which is newer than TensorFlow Serving "
            f"{settings.server_version}. Give --server-version of that release or a later one."
        )
