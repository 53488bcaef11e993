"""Layout of the directory that TensorFlow Serving reads: `<base>/<name>/<version>/` and `<base>/models.config`."""

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
    make_shared_folder,
    rename_into_place,
    write_atomically,
)
from components.common.hashing import tree_hash
from components.exporter.validator.fresh_process import require_safe_to_serve
from components.keys import SAVED_MODEL_FILE
from components.registry.errors import RegistryError
from components.registry.names import check_model_name

MODELS_CONFIG = "models.config"
_CHOSEN = "# base_path chosen by ner, follows this folder: "


def publish(model_dir: Path, base_dir: Path, name: str, version: int) -> Path:
    """Copies a SavedModel into the serving directory, completely or not at all.

    The copy is written to a hidden sibling of the version folder, `saved_model.pb` last (loaders take that file as the
    sign of a complete model), flushed to the disk and renamed. The next call removes leftovers of a killed process.

    Args:
        model_dir: the SavedModel.
        base_dir: the serving directory; created if absent.
        name: name of the model.
        version: number of the version.

    Returns:
        The version folder. A folder that already holds the same model stays as it is.

    Raises:
        RegistryError: `model_dir` is not a SavedModel, or the version folder holds another model.
        UnsafeModelError: a server may not load the model.
    """
    digest = tree_hash(model_dir)
    if not (model_dir / SAVED_MODEL_FILE).is_file():
        raise RegistryError(f"{model_dir}: not a SavedModel, {SAVED_MODEL_FILE} is missing. Check the path.")
    target = base_dir / check_model_name(name) / str(int(version))
    make_shared_folder(target.parent)
    with locked(lock_file(base_dir, name)):
        if target.exists():
            return _already_published(target, digest)
        require_safe_to_serve(model_dir)
        for leftover in target.parent.glob(f"{INCOMING_PREFIX}*"):
            shutil.rmtree(leftover)
        with incoming_folder(target) as incoming:
            _copy(model_dir, incoming)
            if tree_hash(incoming) != digest:
                raise RegistryError(f"{model_dir}: changed while it was copied to {target}. Publish it again.")
            fsync_tree(incoming)
            rename_into_place(incoming, target)
    return target


def write_models_config(
    base_dir: Path, name: str, versions: Iterable[int], labels: Mapping[str, int], base_path: str | None = None
) -> Path:
    """Writes the versions that TensorFlow Serving loads and their labels; entries of other models stay.

    The messages come from tensorflow-serving-api, whose config stubs import no TensorFlow (0.05 s), unlike its service
    stubs.

    Args:
        base_dir: the serving directory.
        name: name of the model.
        versions: versions to load; each must have its folder.
        labels: label -> version, each among `versions`, because TensorFlow Serving refuses labels of other versions.
        base_path: folder of the model as the server sees it, e.g. `/models/ner` in a container; default: the path in
            the file if a person chose it, or the path on this machine.

    Returns:
        The file.

    Raises:
        RegistryError: a version has no folder, a label points at a version that is not listed, or the existing file
            cannot be read.
    """
    numbers = sorted({int(version) for version in versions})
    _check_versions(base_dir, check_model_name(name), numbers, labels)
    path = base_dir / MODELS_CONFIG
    with locked(base_dir / f".{MODELS_CONFIG}.lock"):
        config = _read_config(path)
        entries = config.model_config_list.config
        entry = next((entry for entry in entries if entry.name == name), None) or entries.add(name=name)
        own = str((base_dir / name).absolute())
        # A path that this function chose follows the folder; one that a person chose stays.
        chosen = _chosen_paths(path)
        entry.base_path = base_path or (own if entry.base_path in ("", chosen.get(name)) else entry.base_path)
        if entry.base_path == own and base_path is None:
            chosen[name] = own
        else:
            chosen.pop(name, None)
        entry.model_platform = "tensorflow"
        entry.ClearField("model_version_policy")
        entry.ClearField("version_labels")
        entry.model_version_policy.specific.versions.extend(numbers)
        for label, version in sorted(labels.items()):
            entry.version_labels[label] = int(version)
        if _read_config(path) != config or _chosen_paths(path) != chosen:  # the server reloads a changed file
            _write_config(path, config, chosen)
    return path


def lock_file(base_dir: Path, name: str) -> Path:
    """Returns the lock file of a model's versions."""
    return base_dir / f".{check_model_name(name)}.lock"


def models_config(base_dir: Path, name: str) -> tuple[tuple[int, ...], dict[str, int]]:
    """Returns the versions of a model to load, and label -> version, from models.config; empty if it lacks the model.

    Raises:
        RegistryError: the file cannot be read.
    """
    for entry in _read_config(base_dir / MODELS_CONFIG).model_config_list.config:
        if entry.name == name:
            return tuple(sorted(entry.model_version_policy.specific.versions)), dict(entry.version_labels)
    return (), {}


def configured_models(base_dir: Path) -> dict[str, tuple[dict[int, Path], dict[str, int]]]:
    """Returns name -> (version -> folder, label -> version) of all models in models.config.

    A path that does not exist here, such as that inside a container, is replaced by the folder next to the file. As in
    TensorFlow Serving, a model without a version policy has its newest version.

    Raises:
        RegistryError: the file cannot be read.
    """
    models = {}
    for entry in _read_config(base_dir / MODELS_CONFIG).model_config_list.config:
        folder = Path(entry.base_path)
        if not folder.is_dir() and (base_dir / check_model_name(entry.name)).is_dir():
            folder = base_dir / entry.name
        policy = entry.model_version_policy
        published = published_versions(folder.parent, folder.name)
        if policy.HasField("specific"):
            versions = tuple(policy.specific.versions)
        elif policy.HasField("all"):
            versions = published
        else:
            versions = published[-max(policy.latest.num_versions, 1) :]
        models[entry.name] = {number: folder / str(number) for number in versions}, dict(entry.version_labels)
    return models


def published_versions(base_dir: Path, name: str) -> tuple[int, ...]:
    """Returns the versions of a model in the serving directory, in ascending order."""
    folder = base_dir / check_model_name(name)
    if not folder.is_dir():
        return ()
    return tuple(sorted(int(path.name) for path in folder.iterdir() if path.name.isascii() and path.name.isdigit()))


def version_of_folder(folder: Path) -> int:
    """Returns the version that the name of a SavedModel's folder gives; 1 if the name is not a number from 1 upwards.

    Example:
        >>> version_of_folder(Path("served/7")), version_of_folder(Path("served/model"))
        (7, 1)
    """
    name = folder.resolve().name
    return max(int(name), 1) if name.isascii() and name.isdigit() else 1


def _already_published(target: Path, digest: str) -> Path:
    published = tree_hash(target)
    if published != digest:
        raise RegistryError(
            f"{target}: this version is already published with other content (tree hash {published}, the model to "
            f"publish has {digest}). If it is damaged, `ner registry sync --repair` lays it out again; if it belongs "
            "to another registry, give another registry.serving_dir."
        )
    return target


def _copy(source: Path, target: Path) -> None:
    """Copies the content of `source` into the existing folder `target`, `saved_model.pb` last."""

    def postponed(parent: str, _: list[str]) -> list[str]:
        return [SAVED_MODEL_FILE] if Path(parent) == source else []

    shutil.copytree(source, target, dirs_exist_ok=True, ignore=postponed)
    fsync_tree(target)
    shutil.copy2(source / SAVED_MODEL_FILE, target / SAVED_MODEL_FILE)


def _check_versions(base_dir: Path, name: str, versions: list[int], labels: Mapping[str, int]) -> None:
    missing = sorted(set(versions) - set(published_versions(base_dir, name)))
    if missing:
        raise RegistryError(f"{base_dir / name}: versions {missing} are missing. Publish them first.")
    for label, version in labels.items():
        if int(version) not in versions:
            raise RegistryError(
                f"label {label!r} of {name}: version {version} is not among the versions to load, {versions}. Add it."
            )


def _read_config(path: Path) -> Any:
    from google.protobuf import text_format
    from tensorflow_serving.config import model_server_config_pb2

    config = model_server_config_pb2.ModelServerConfig()
    if path.exists():
        try:
            text_format.Parse(path.read_text(encoding="utf-8"), config)
        except text_format.ParseError as error:
            raise RegistryError(
                f"{path}:{error} Not a model config of TensorFlow Serving. Correct or remove the file."
            ) from error
    return config


def _write_config(path: Path, config: Any, chosen: Mapping[str, str]) -> None:
    from google.protobuf import text_format

    comments = "".join(f"{_CHOSEN}{name}: {folder}\n" for name, folder in sorted(chosen.items()))
    write_atomically(path, comments + text_format.MessageToString(config), shared=True)


def _chosen_paths(path: Path) -> dict[str, str]:
    """Returns name -> base_path of the models whose base_path no person has chosen, from the file's comments."""
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    entries = [line.removeprefix(_CHOSEN).partition(": ") for line in lines if line.startswith(_CHOSEN)]
    return {name: folder for name, _, folder in entries}
