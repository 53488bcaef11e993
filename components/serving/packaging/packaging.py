"""Lays a model out as a server wants it: one folder that holds all that is needed, and the commands."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from absl import logging

from components.common.files import fsync_tree, incoming_folder, rename_into_place
from components.common.hashing import tree_hash
from components.serving.packaging import kserve, sagemaker, tf_serving, vertex
from components.serving.packaging.model_version import ModelVersion
from components.serving.packaging.package_error import PackageError
from components.serving.packaging.package_settings import PackageSettings
from components.serving.packaging.prepare import prepare, require_model
from components.serving.packaging.prepared_model import PreparedModel

RECORD = "package.json"
TF_SERVING, VERTEX, SAGEMAKER, KSERVE = "tf-serving", "vertex", "sagemaker", "kserve"
LAYOUTS: dict[str, Callable[[Path, Sequence[PreparedModel], PackageSettings], None]] = {
    TF_SERVING: tf_serving.lay_out,
    VERTEX: vertex.lay_out,
    SAGEMAKER: sagemaker.lay_out,
    KSERVE: kserve.lay_out,
}


def package(
    models: Sequence[ModelVersion], destination: str | os.PathLike[str], target: str, settings: PackageSettings
) -> dict[str, Any]:
    """Writes a package: as a whole or not at all.

    Args:
        models: the model; for `tf-serving` further versions of it may follow, e.g. the one that it replaced.
        destination: folder to make. One that holds the same package already is left as it is.
        target: one of `LAYOUTS`.
        settings: name, server, batching.

    Returns:
        The content of package.json: `for`, `name`, `version`, `labels`, `server_version`, `settings`, `models` (of each
        `version`, `source_tree_hash`, `tree_hash`, `signatures`, `unanswered`) and `files` (name -> sha256).

    Raises:
        NerError: a model or a wish does not fit, or `destination` holds something else.
    """
    destination = Path(destination).absolute()
    models = [ModelVersion(model.folder.resolve(), int(model.version), tuple(model.labels)) for model in models]
    _require_fitting(models, target, settings)
    wanted = _wanted(models, target, settings)
    if destination.exists():
        return _same_package(destination, wanted)
    with incoming_folder(destination.parent) as workshop:
        prepared = [_prepared(model, workshop / str(model.version), target, settings) for model in models]
        if [made.source_hash for made in prepared] != [each["source_tree_hash"] for each in wanted["models"]]:
            raise PackageError(f"{models[0].folder}: changed while it was packaged. Package it again.")
        stage = workshop / "package"
        stage.mkdir()
        LAYOUTS[target](stage, prepared, settings)
        record = _record(stage, wanted, prepared)
        (stage / RECORD).write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
        fsync_tree(stage)
        rename_into_place(stage, destination)
    logging.info("packaged %s for %s in %s", settings.name, target, destination)
    return record


def _require_fitting(models: Sequence[ModelVersion], target: str, settings: PackageSettings) -> None:
    if target not in LAYOUTS:
        raise PackageError(f"--for {target}: unknown; there are {', '.join(LAYOUTS)}.")
    if not models or (len(models) > 1 and target != TF_SERVING):
        raise PackageError(f"{len(models)} models for {target}: give one (several versions go with {TF_SERVING} only).")
    for model in models:
        require_model(model)
    numbers = [str(model.version) for model in models]
    labels = [label for model in models for label in model.labels]
    for what, values in (("version", numbers), ("label", labels)):
        if twice := sorted({value for value in values if values.count(value) > 1}):
            raise PackageError(f"{what} {', '.join(twice)} is given twice. Each can name one model only.")
    if target == KSERVE:
        kserve.check_settings(settings)


def _prepared(model: ModelVersion, workshop: Path, target: str, settings: PackageSettings) -> PreparedModel:
    workshop.mkdir()
    source = vertex.with_keyed_default(model, workshop, settings.key) if target == VERTEX else model
    return prepare(source, model.folder, workshop / "copy", settings)


def _wanted(models: Sequence[ModelVersion], target: str, settings: PackageSettings) -> dict[str, Any]:
    """What makes two packages the same, as far as it is known before they are made."""
    return {
        "for": target,
        "name": settings.name,
        "version": models[0].version,
        "labels": {label: model.version for model in models for label in model.labels},
        "server_version": settings.server_version,
        "settings": {
            "batching": settings.batching.to_text(),
            "storage_uri": settings.storage_uri,
            "key": settings.key,
        },
        "models": [{"version": model.version, "source_tree_hash": tree_hash(model.folder)} for model in models],
    }


def _record(stage: Path, wanted: dict[str, Any], prepared: Sequence[PreparedModel]) -> dict[str, Any]:
    found = [
        {
            "version": made.version,
            "source_tree_hash": made.source_hash,
            "tree_hash": made.tree_hash,
            "signatures": sorted(made.contract.signatures),
            "unanswered": made.unanswered,
        }
        for made in prepared
    ]
    return {**wanted, "models": found, "files": _hashes(stage)}


def _hashes(folder: Path) -> dict[str, str]:
    """Relative name -> sha256 of every file but the record itself."""
    hashes = {}
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path != folder / RECORD:
            with path.open("rb") as handle:
                hashes[path.relative_to(folder).as_posix()] = hashlib.file_digest(handle, "sha256").hexdigest()
    return hashes


def _same_package(destination: Path, wanted: dict[str, Any]) -> dict[str, Any]:
    """Returns the record of the package that is there if it is the wanted one, untouched.

    Raises:
        PackageError: it is not.
    """
    try:
        found = json.loads((destination / RECORD).read_text(encoding="utf-8"))
        sources = [{name: each[name] for name in ("version", "source_tree_hash")} for each in found["models"]]
        differing = sorted(name for name in wanted if {**found, "models": sources}.get(name) != wanted[name])
        if not differing and found["files"] != _hashes(destination):
            differing = ["files"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise PackageError(
            f"{destination} exists already and is no package ({type(error).__name__}). "
            "Choose another folder, or remove it first."
        ) from error
    if differing:
        raise PackageError(
            f"{destination} holds another package already (it differs in {', '.join(differing)}). "
            "Choose another folder, or remove it first."
        )
    return dict(found)
