"""Files of a version: upload to MLflow's artifact store, download, and verification."""

from __future__ import annotations

import contextlib
import json
import shutil
import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from enum import Enum
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from components.common.files import fsync_tree, incoming_folder, rename_into_place
from components.common.hashing import file_hashes, tree_differences, tree_hash
from components.keys import TRAINED_FOLDER
from components.registry.errors import RegistryError
from components.registry.names import FILES_TAG, TRAINED_FILES_TAG, TRAINED_HASH_TAG, TREE_HASH_TAG
from components.registry.store.mlflow_entities import json_tag
from components.registry.store.mlflow_store import MlflowStore, local_path
from components.registry.store.pyfunc_folder import DATA_ARTIFACT, MODEL_ARTIFACT, stored_model, write_pyfunc_folder
from components.registry.store.readers import RegistryReader
from components.registry.store.version import RegisteredVersion, VersionRecord

_UPLOAD_TAG = "ner.upload"  # of MLflow runs that the registry creates; the value is the model's name
_ABANDONED_SECONDS = 24 * 3600  # no upload takes that long
_HASH_DIGITS = 16  # of each file; the tree hash decides, these only name the file that differs
_MAX_PHRASES = 3  # of an error
_PARAMS_PER_REQUEST = 100  # MLflow's limit
_MAX_PARAM_CHARACTERS = 6000  # MLflow's limit

CARD_FOLDER = "card"
"""Folder of `VersionRecord.files` among the artifacts of the version's MLflow run."""


class Part(Enum):
    """Part of a stored version.

    Attributes:
        folder: folder among the artifacts of the version's MLflow run.
        hash_tag: tag of the version that holds the part's tree hash.
        files_tag: tag that holds the hash of each file, as JSON.
    """

    MODEL = DATA_ARTIFACT, TREE_HASH_TAG, FILES_TAG
    WEIGHTS = TRAINED_FOLDER, TRAINED_HASH_TAG, TRAINED_FILES_TAG

    def __init__(self, folder: str, hash_tag: str, files_tag: str) -> None:
        """Names the attributes."""
        self.folder, self.hash_tag, self.files_tag = folder, hash_tag, files_tag


def content_tags(part: Part, folder: Path) -> dict[str, str]:
    """Returns the tags that identify the content of a part."""
    hashes = {name: digest[:_HASH_DIGITS] for name, digest in file_hashes(folder).items()}
    return {part.hash_tag: tree_hash(folder), part.files_tag: json_tag(hashes)}


def damage(version: RegisteredVersion, folder: Path, part: Part = Part.MODEL) -> str:
    """Returns the difference between a copy of a part and the registered one, in words; empty if they are equal.

    It reads all files. A size or a time does not show a changed byte.
    """
    if not folder.is_dir():
        return "it is not a folder"
    actual, expected = tree_hash(folder), version.tags.get(part.hash_tag)
    if actual == expected:
        return ""
    recorded = version.tags.get(part.files_tag, "")
    phrases = tree_differences(folder, json.loads(recorded)) if recorded.startswith("{") else []
    if len(phrases) > _MAX_PHRASES:
        phrases[_MAX_PHRASES:] = [f"and {len(phrases) - _MAX_PHRASES} more differences"]
    return ", ".join(phrases) or f"its tree hash is {actual}, registered is {expected}"


@contextlib.contextmanager
def gathered(files: Mapping[str, Path]) -> Iterator[Path | None]:
    """Yields a temporary folder with copies of the files under their new names; None if there are no files."""
    with TemporaryDirectory() as scratch:
        folder = Path(scratch, TRAINED_FOLDER)
        folder.mkdir()
        for name, file in files.items():
            shutil.copyfile(file, folder / name)
        yield folder if files else None


@contextlib.contextmanager
def uploaded(
    store: MlflowStore, client: Any, model_dir: Path, trained_dir: Path | None, name: str, record: VersionRecord
) -> Iterator[Any]:
    """Stores files, metrics and parameters of a version in a new MLflow run and yields the run.

    The run counts as finished if the block, which creates the version, raises nothing.

    Args:
        store: the MLflow store.
        client: an `MlflowClient` of it.
        model_dir: the SavedModel.
        trained_dir: folder of the trained model; None if there is none.
        name: name of the registered model.
        record: metadata of the version.
    """
    run = client.create_run(store.experiment_id(client), run_name=name, tags={_UPLOAD_TAG: name})
    status = "FAILED"
    try:
        _log_numbers(client, run.info.run_id, record)
        with TemporaryDirectory() as scratch:
            write_pyfunc_folder(model_dir, Path(scratch, MODEL_ARTIFACT))
            client.log_artifacts(run.info.run_id, str(Path(scratch, MODEL_ARTIFACT)), MODEL_ARTIFACT)
        if trained_dir is not None:
            client.log_artifacts(run.info.run_id, str(trained_dir), TRAINED_FOLDER)
        for file in record.files:
            client.log_artifact(run.info.run_id, str(file), CARD_FOLDER)
        folder = local_path(run.info.artifact_uri)
        if folder is not None:
            fsync_tree(folder)
        yield run
        status = "FINISHED"
    finally:
        client.set_terminated(run.info.run_id, status)


def discard_abandoned(store: MlflowStore, client: Any, reader: RegistryReader, name: str) -> None:
    """Removes local files of uploads that ended a day ago or earlier without a version.

    A killed pusher leaves an MLflow run that the registry does not show, but its files take space.
    """
    before = int((time.time() - _ABANDONED_SECONDS) * 1000)
    condition = f"tags.`{_UPLOAD_TAG}` = '{name}' and attributes.status != 'FINISHED'"
    condition += f" and attributes.start_time < {before}"
    runs = client.search_runs([store.experiment_id(client)], condition, max_results=100)
    if not runs:
        return
    registered = {version.run_id for version in reader.versions(name)}
    for run in runs:
        folder = local_path(run.info.artifact_uri)
        if run.info.run_id in registered:  # killed between creating the version and ending the run
            client.set_terminated(run.info.run_id, "FINISHED")
        elif folder is not None and not store.over_http:
            shutil.rmtree(folder, ignore_errors=True)
            client.set_terminated(run.info.run_id, "KILLED")
            client.delete_run(run.info.run_id)


def fetch_part(store: MlflowStore, version: RegisteredVersion, part: Part, destination: Path) -> Path | None:
    """Downloads one part of a version, checks its tree hash, and renames it into place.

    Args:
        store: the MLflow store.
        version: the version.
        part: the part.
        destination: folder to create. A folder that already holds the same content stays as it is.

    Returns:
        `destination`; None if the version was registered without this part.

    Raises:
        RegistryError: the stored files are missing or differ from the registered ones, or `destination` holds
            other content.
    """
    expected = version.tags.get(part.hash_tag)
    if expected is None:
        return None
    if destination.exists():
        difference = damage(version, destination, part)
        if difference:
            raise RegistryError(
                f"{destination}: holds another model than {version.name} version {version.version} ({difference}). "
                "Remove it or choose another folder."
            )
        return destination
    with incoming_folder(destination.parent) as incoming:
        folder = _stored_files(store, version, part, incoming)
        if incoming not in folder.parents:
            folder = Path(shutil.copytree(folder, incoming / MODEL_ARTIFACT))
        _check_content(version, folder, part)
        fsync_tree(folder)
        rename_into_place(folder, destination)
    return destination


def readable_part(store: MlflowStore, version: RegisteredVersion, part: Part, cache: Path) -> Path | None:
    """Returns a folder with one part of a version, to read: the stored files, or a download if they are remote.

    Args:
        store: the MLflow store.
        version: the version.
        part: the part.
        cache: folder of a download, kept for the next call.

    Returns:
        The folder; None if the version was registered without this part.

    Raises:
        RegistryError: see `fetch_part`.
    """
    if version.tags.get(part.hash_tag) is None:
        return None
    if store.over_http or local_path(version.uri) is None:
        return fetch_part(store, version, part, cache)
    folder = _stored_files(store, version, part, cache)
    _check_content(version, folder, part)
    return folder


def verify(store: MlflowStore, version: RegisteredVersion) -> None:
    """Reads the stored model and weights of a version and checks their tree hashes.

    Raises:
        RegistryError: they are missing or differ from the registered ones.
    """
    with TemporaryDirectory() as scratch:
        for part in Part:
            if part.hash_tag in version.tags:
                _check_content(version, _stored_files(store, version, part, Path(scratch)), part)


def _check_content(version: RegisteredVersion, folder: Path, part: Part) -> None:
    difference = damage(version, folder, part)
    if difference:
        raise RegistryError(
            f"{version.name} version {version.version}: the files of the registry at {version.uri} were changed or "
            f"damaged: {difference}. Restore them from a copy, or use another version."
        )


def _stored_files(store: MlflowStore, version: RegisteredVersion, part: Part, scratch: Path) -> Path:
    """Returns the folder of a part: in place if it is a local folder, otherwise downloaded into `scratch`."""
    local = None if store.over_http else local_path(version.uri)
    try:
        if local is not None:
            folder = local.parent / part.folder
            if not folder.is_dir():
                raise FileNotFoundError(f"{folder} does not exist")
        else:
            folder = _downloaded(store, version, part, scratch)
        return stored_model(folder) if part is Part.MODEL else folder
    except OSError as error:
        raise RegistryError(
            f"{version.name} version {version.version}: its files cannot be read from {version.uri} ({error}). "
            "If the registry was moved, move it back: MLflow records the location of the files."
        ) from error


def _downloaded(store: MlflowStore, version: RegisteredVersion, part: Part, scratch: Path) -> Path:
    from mlflow.exceptions import MlflowException

    with store.client() as client:
        try:
            return Path(client.download_artifacts(version.run_id, part.folder, str(scratch)))
        except MlflowException as error:
            raise OSError(error.message) from error


def _log_numbers(client: Any, run_id: str, record: VersionRecord) -> None:
    from mlflow.entities import Metric, Param

    now = int(datetime.now(UTC).timestamp() * 1000)
    client.log_batch(run_id, metrics=[Metric(key, float(score), now, 0) for key, score in record.metrics.items()])
    params = [Param(key, str(value)[:_MAX_PARAM_CHARACTERS]) for key, value in sorted(record.params.items())]
    for start in range(0, len(params), _PARAMS_PER_REQUEST):
        client.log_batch(run_id, params=params[start : start + _PARAMS_PER_REQUEST])
