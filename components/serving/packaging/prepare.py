"""Makes the copy of a model that goes into a package."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from absl import logging

from components.common.hashing import tree_hash
from components.exporter.saved_model.inspecting import inspect_model
from components.exporter.validator.reference import reference_answers
from components.registry.names import check_alias
from components.serving.packaging.model_version import ModelVersion
from components.serving.packaging.package_error import PackageError
from components.serving.packaging.package_settings import PackageSettings
from components.serving.packaging.prepared_model import PreparedModel
from components.serving.packaging.warmup_requests import write_warmup

BATCHES = (1, 2, 32)


def require_model(model: ModelVersion) -> None:
    """Checks a wish before anything is made.

    Raises:
        NerError: no SavedModel, a number that is no version, or a label that is none.
    """
    if not (model.folder / "saved_model.pb").is_file():
        raise PackageError(
            f"{model.folder}: no saved_model.pb. Give the folder of a SavedModel (with TF Serving, of a version)."
        )
    if model.version < 1:
        raise PackageError(f"version {model.version}: servers take whole numbers from 1 upwards.")
    for label in model.labels:
        check_alias(label)


def prepare(source: ModelVersion, original: Path, folder: Path, settings: PackageSettings) -> PreparedModel:
    """Copies a model, asks the copy for answers, and writes its warm-up requests.

    Args:
        source: the model to copy.
        original: the model that was given; another one than `source` where that was signed anew.
        folder: where the copy goes.
        settings: name and server.

    Raises:
        NerError: the model cannot be loaded, answers to nothing, or is newer than the server.
    """
    digest = tree_hash(source.folder)
    shutil.copytree(source.folder, folder)
    if tree_hash(folder) != digest:
        raise PackageError(f"{source.folder}: changed while it was copied. Package it again.")
    found = inspect_model(folder)
    _require_server(found.facts["written by"], settings)
    cases = reference_answers(folder, found.contract, batches=BATCHES)
    if not cases:
        raise PackageError(
            f"{source.folder}: no signature gives an answer, so a server could not serve it either. "
            f"`ner inspect --check {source.folder}` names the cause."
        )
    write_warmup(folder, settings.name, cases)
    given = digest if original == source.folder else tree_hash(original)
    made = PreparedModel(folder, source.version, source.labels, found.contract, cases, given, tree_hash(folder))
    if made.unanswered:
        logging.warning("no request could be made up for %s: no warm-up, no example", ", ".join(made.unanswered))
    return made


def _require_server(written_by: str, settings: PackageSettings) -> None:
    match = re.search(r"(\d+)\.(\d+)", written_by)
    if match and (int(match[1]), int(match[2])) > settings.release:
        raise PackageError(
            f"the model was written by {written_by}, which is newer than TensorFlow Serving {settings.server_version}. "
            "Give --server-version of that release or a later one."
        )
