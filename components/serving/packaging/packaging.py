"""Packages a model for a server: one folder with everything that it needs, and the commands."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from absl import logging

from components.common.files import fsync_tree, incoming_folder, rename_into_place
from components.common.hashing import file_hashes, tree_hash
from components.serving.packaging import kserve, sagemaker, tf_serving, vertex
from components.serving.packaging.errors import PackageError
from components.serving.packaging.prepare import ModelVersion, PreparedModel, prepare
from components.serving.packaging.settings import PackageSettings

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
    """Writes a complete package or nothing.

    docs/packaging.md shows the layouts.

    Args:
        models: the model; for `tf-serving` further versions of it may follow, e.g. the one that it replaced.
        destination: folder to create. One that holds the same package already stays unchanged.
        target: one of `LAYOUTS`.
        settings: name, server, batching.

    Returns:
        The content of package.json: `for`, `name`, `version`, `labels`, `server_version`, `settings`, `models` (each
        with `version`, `source_tree_hash`, `tree_hash`, `signatures`, `unanswered`) and `files` (name -> sha256).

    Raises:
        NerError: a model or a setting does not fit, or `destination` holds something else.
    """
    destination = Path(destination).absolute()
    models = [ModelVersion(model.folder.resolve(), int(model.version), tuple(model.labels)) for model in models]
    _require_fitting(models, target, settings)
    identity = _identity(models, target, settings)
    if os.path.lexists(destination):
        return _same_package(destination, identity)
    with incoming_folder(destination) as scratch:
        prepared = [_prepared(model, scratch / str(model.version), target, settings) for model in models]
        if [copy.source_hash for copy in prepared] != [each["source_tree_hash"] for each in identity["models"]]:
            raise PackageError(f"{models[0].folder}: changed while it was packaged. Package it again.")
        stage = scratch / "package"
        stage.mkdir()
        LAYOUTS[target](stage, prepared, settings)
        record = _record(stage, identity, prepared)
        (stage / RECORD).write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
        fsync_tree(stage)
        try:
            rename_into_place(stage, destination)
        except OSError:
            if not os.path.lexists(destination):
                raise
            return _same_package(destination, identity)  # another process was faster
    logging.info("packaged %s for %s in %s", settings.name, target, destination)
    return record


def _require_fitting(models: Sequence[ModelVersion], target: str, settings: PackageSettings) -> None:
    if target not in LAYOUTS:
        raise PackageError(f"--for {target}: unknown server. Use one of {', '.join(LAYOUTS)}.")
    if not models or (len(models) > 1 and target != TF_SERVING):
        raise PackageError(f"{len(models)} models for {target}. Give one (only {TF_SERVING} takes several versions).")
    for model in models:
        model.check()
    numbers = [str(model.version) for model in models]
    labels = [label for model in models for label in model.labels]
    for kind, values in (("version", numbers), ("label", labels)):
        if twice := sorted({value for value in values if values.count(value) > 1}):
            raise PackageError(f"{kind} {', '.join(twice)} is given twice. Each can name one model only.")
    if target == KSERVE:
        kserve.check_settings(settings)


def _prepared(model: ModelVersion, scratch: Path, target: str, settings: PackageSettings) -> PreparedModel:
    scratch.mkdir()
    source = vertex.with_keyed_default(model, scratch, settings) if target == VERTEX else model
    return prepare(source, model.folder, scratch / "copy", settings)


def _identity(models: Sequence[ModelVersion], target: str, settings: PackageSettings) -> dict[str, Any]:
    """Returns the part of the record that is known in advance and identifies a package."""
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
            "key_dtype": settings.key_dtype,
        },
        "models": [{"version": model.version, "source_tree_hash": tree_hash(model.folder)} for model in models],
    }


def _record(stage: Path, identity: dict[str, Any], prepared: Sequence[PreparedModel]) -> dict[str, Any]:
    models = [
        {
            "version": copy.version,
            "source_tree_hash": copy.source_hash,
            "tree_hash": copy.tree_hash,
            "signatures": sorted(copy.contract.signatures),
            "unanswered": copy.unanswered,
        }
        for copy in prepared
    ]
    return {**identity, "models": models, "files": file_hashes(stage, skip=[RECORD])}


def _same_package(destination: Path, identity: dict[str, Any]) -> dict[str, Any]:
    """Returns the record of the existing package if it has this identity and is unchanged.

    Raises:
        PackageError: it differs.
    """
    try:
        record = json.loads((destination / RECORD).read_text(encoding="utf-8"))
        sources = [{name: each[name] for name in ("version", "source_tree_hash")} for each in record["models"]]
        differing = sorted(name for name in identity if {**record, "models": sources}.get(name) != identity[name])
        if not differing and record["files"] != file_hashes(destination, skip=[RECORD]):
            differing = ["files"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise PackageError(
            f"{destination} exists already and is not a package ({type(error).__name__}). "
            "Choose another folder, or remove it first."
        ) from error
    if differing:
        raise PackageError(
            f"{destination} holds another package already (it differs in {', '.join(differing)}). "
            "Choose another folder, or remove it first."
        )
    return dict(record)
