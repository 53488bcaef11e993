"""The directory that TF Serving watches: `<base>/<name>/<version>/` and `<base>/models.config`."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from components.common.files import (
    INCOMING_PREFIX,
    fsync_tree,
    incoming_folder,
    locked,
    rename_into_place,
    write_atomically,
)
from components.common.hashing import tree_hash
from components.registry.errors import RegistryError
from components.registry.names import check_model_name

MODELS_CONFIG = "models.config"
SAVED_MODEL_FILE = "saved_model.pb"


def publish(model_dir: Path, base_dir: Path, name: str, version: int) -> Path:
    """Copies a SavedModel to where TF Serving finds it, as a whole or not at all.

    The copy grows in a hidden sibling of the version folder, `saved_model.pb` last (TF Serving and other loaders take
    that file as the sign of a complete model), is forced to the disk and renamed. Leftovers of a killed process are
    removed by the next call.

    Args:
        model_dir: The SavedModel.
        base_dir: The serving directory; created when absent.
        name: Name of the model.
        version: Number of the version.

    Returns:
        The version folder. One that already holds the same model is left as it is.

    Raises:
        RegistryError: If `model_dir` is no SavedModel, or the version folder holds another model.
    """
    digest = tree_hash(model_dir)
    if not (model_dir / SAVED_MODEL_FILE).is_file():
        raise RegistryError(f"{model_dir}: no {SAVED_MODEL_FILE} there, so it is no SavedModel. Check the path.")
    target = base_dir / check_model_name(name) / str(int(version))
    with locked(lock_file(base_dir, name)):
        if target.exists():
            return _already_published(target, digest)
        for leftover in target.parent.glob(f"{INCOMING_PREFIX}*"):
            shutil.rmtree(leftover)
        with incoming_folder(target.parent) as incoming:
            _copy(model_dir, incoming)
            if tree_hash(incoming) != digest:
                raise RegistryError(f"{model_dir}: changed while it was copied to {target}. Publish it again.")
            fsync_tree(incoming)
            rename_into_place(incoming, target)
    return target


def write_models_config(
    base_dir: Path, name: str, versions: Iterable[int], labels: Mapping[str, int], base_path: str | None = None
) -> Path:
    """Tells TF Serving which versions of a model to load and what their labels are.

    The entries of other models in the file stay. The messages come from tensorflow-serving-api: its config stubs
    import no TensorFlow (measured: 0.05 s), unlike its service stubs.

    Args:
        base_dir: The serving directory.
        name: Name of the model.
        versions: Versions to load; each must have its folder.
        labels: Label -> version, each of them among `versions` (TF Serving refuses labels of versions it has not).
        base_path: Folder of the model as the server sees it, when that differs, e.g. `/models/ner` in a container; it
            stays until another one is given.

    Returns:
        The file.

    Raises:
        RegistryError: If a version has no folder, a label points at a version that is not listed, or the file there
            cannot be read.
    """
    numbers = sorted({int(version) for version in versions})
    _check_versions(base_dir, check_model_name(name), numbers, labels)
    path = base_dir / MODELS_CONFIG
    with locked(base_dir / f".{MODELS_CONFIG}.lock"):
        config = _read_config(path)
        entries = config.model_config_list.config
        entry = next((entry for entry in entries if entry.name == name), None) or entries.add(name=name)
        entry.base_path = base_path or entry.base_path or str((base_dir / name).absolute())
        entry.model_platform = "tensorflow"
        entry.ClearField("model_version_policy")
        entry.ClearField("version_labels")
        entry.model_version_policy.specific.versions.extend(numbers)
        for label, version in sorted(labels.items()):
            entry.version_labels[label] = int(version)
        if _read_config(path) != config:  # the server reads it anew whenever it changes
            _write_config(path, config)
    return path


def lock_file(base_dir: Path, name: str) -> Path:
    """The file that is locked while versions of a model come or go."""
    return base_dir / f".{check_model_name(name)}.lock"


def models_config(base_dir: Path, name: str) -> tuple[tuple[int, ...], dict[str, int]]:
    """What TF Serving is told about a model: the versions to load, and label -> version; nothing when it is not named.

    Raises:
        RegistryError: If the file cannot be read.
    """
    for entry in _read_config(base_dir / MODELS_CONFIG).model_config_list.config:
        if entry.name == name:
            return tuple(sorted(entry.model_version_policy.specific.versions)), dict(entry.version_labels)
    return (), {}


def published_versions(base_dir: Path, name: str) -> tuple[int, ...]:
    """The versions of a model that are in the serving directory, in ascending order."""
    folder = base_dir / check_model_name(name)
    if not folder.is_dir():
        return ()
    return tuple(sorted(int(path.name) for path in folder.iterdir() if path.name.isascii() and path.name.isdigit()))


def _already_published(target: Path, digest: str) -> Path:
    found = tree_hash(target)
    if found != digest:
        raise RegistryError(
            f"{target}: this version is published already with other content (tree hash {found}, the model to publish "
            f"has {digest}). A version never changes: register the model as a new version, or remove the folder if it "
            "belongs to another registry."
        )
    return target


def _copy(source: Path, target: Path) -> None:
    """Copies the content of `source` into the existing folder `target`, the file that makes it a SavedModel last."""

    def left_for_last(parent: str, _: list[str]) -> list[str]:
        return [SAVED_MODEL_FILE] if Path(parent) == source else []

    shutil.copytree(source, target, dirs_exist_ok=True, ignore=left_for_last)
    fsync_tree(target)
    shutil.copy2(source / SAVED_MODEL_FILE, target / SAVED_MODEL_FILE)


def _check_versions(base_dir: Path, name: str, versions: list[int], labels: Mapping[str, int]) -> None:
    missing = sorted(set(versions) - set(published_versions(base_dir, name)))
    if missing:
        raise RegistryError(f"{base_dir / name}: versions {missing} are not there. Publish them first.")
    for label, version in labels.items():
        if int(version) not in versions:
            raise RegistryError(
                f"label {label!r} of {name}: version {version} is not among those to load, {versions}. Add it there."
            )


def _read_config(path: Path) -> Any:
    from google.protobuf import text_format
    from tensorflow_serving.config import model_server_config_pb2

    config = model_server_config_pb2.ModelServerConfig()
    if path.exists():
        try:
            text_format.Parse(path.read_text(encoding="utf-8"), config)
        except text_format.ParseError as error:
            raise RegistryError(f"{path}:{error} It is no TF Serving model config; mend or remove it.") from error
    return config


def _write_config(path: Path, config: Any) -> None:
    from google.protobuf import text_format

    write_atomically(path, text_format.MessageToString(config))
