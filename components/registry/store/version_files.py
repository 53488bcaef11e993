"""The files of a version: how they get into MLflow's artifact store, and out again."""

from __future__ import annotations

import contextlib
import shutil
import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from components.common.files import fsync_tree, incoming_folder, rename_into_place
from components.common.hashing import tree_hash
from components.registry.errors import RegistryError
from components.registry.names import TRAINED_HASH_TAG
from components.registry.store.mlflow_store import MlflowStore, local_path
from components.registry.store.pyfunc_folder import DATA_ARTIFACT, MODEL_ARTIFACT, stored_model, write_pyfunc_folder
from components.registry.store.registered_version import RegisteredVersion
from components.registry.store.registry_reader import RegistryReader
from components.registry.store.version_record import VersionRecord

CARD_FOLDER = "card"
"""Folder of the reports among the artifacts of a version's MLflow run."""

TRAINED_FOLDER = "trained"
"""Folder of the trained weights among the same artifacts."""

_UPLOAD_TAG = "ner.upload"  # on the MLflow runs that are made here, with the name of the model
_ABANDONED_AFTER = 24 * 3600  # seconds; nobody uploads for that long
_PARAMS_A_REQUEST = 100  # MLflow's limit
_LONGEST_PARAM = 6000  # MLflow's limit


@contextlib.contextmanager
def gathered(files: Mapping[str, Path]) -> Iterator[Path | None]:
    """A folder with copies of the files under their new names, for as long as the block lasts.

    Yields:
        The folder; None when there are no files.
    """
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
    """Stores the files, metrics and parameters of a version in an MLflow run of its own.

    The run counts as finished when the block, which creates the version, ends well.

    Args:
        store: Where the registry lies.
        client: An `MlflowClient` of it.
        model_dir: The SavedModel.
        trained_dir: Folder of the trained weights; None when there are none.
        name: Name of the registered model.
        record: What else is known.

    Yields:
        The MLflow run.
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
    """Removes the local files of uploads that died a day ago or more and made no version.

    A killed pusher leaves a run that nobody sees in the registry, but its files take room.
    """
    before = int((time.time() - _ABANDONED_AFTER) * 1000)
    condition = f"tags.`{_UPLOAD_TAG}` = '{name}' and attributes.status != 'FINISHED'"
    condition += f" and attributes.start_time < {before}"
    found = client.search_runs([store.experiment_id(client)], condition, max_results=100)
    if not found:
        return
    alive = {version.run_id for version in reader.versions(name)}
    for run in found:
        folder = local_path(run.info.artifact_uri)
        if run.info.run_id in alive:  # it died between making the version and saying so
            client.set_terminated(run.info.run_id, "FINISHED")
        elif folder is not None and not store.over_http:
            shutil.rmtree(folder, ignore_errors=True)
            client.set_terminated(run.info.run_id, "KILLED")
            client.delete_run(run.info.run_id)


def fetched(store: MlflowStore, version: RegisteredVersion, destination: Path, trained: bool = False) -> Path:
    """Downloads a stored model, checks its tree hash and renames it into place.

    Args:
        store: Where the registry lies.
        version: The version.
        destination: Folder to create. One that already holds the same is left as it is.
        trained: Fetches the trained weights instead, which the version must have.

    Returns:
        `destination`.

    Raises:
        RegistryError: If the stored files are gone or differ from what was registered, or `destination` holds
            something else.
    """
    expected = version.tags[TRAINED_HASH_TAG] if trained else version.tree_hash
    if destination.exists():
        found = tree_hash(destination)
        if found != expected:
            raise RegistryError(
                f"{destination}: holds another model (tree hash {found}) than {version.name} version "
                f"{version.version} ({expected}). Remove it or choose another folder."
            )
        return destination
    with incoming_folder(destination.parent) as incoming:
        model = _stored_files(store, version, incoming, trained)
        if incoming not in model.parents:
            model = Path(shutil.copytree(model, incoming / MODEL_ARTIFACT))
        _check_hash(version, model, expected)
        fsync_tree(model)
        rename_into_place(model, destination)
    return destination


def verify(store: MlflowStore, version: RegisteredVersion) -> None:
    """Reads all stored files of a version and checks their tree hashes.

    Raises:
        RegistryError: If they are gone or differ from what was registered.
    """
    with TemporaryDirectory() as scratch:
        _check_hash(version, _stored_files(store, version, Path(scratch), trained=False), version.tree_hash)
        if TRAINED_HASH_TAG in version.tags:
            weights = _stored_files(store, version, Path(scratch), trained=True)
            _check_hash(version, weights, version.tags[TRAINED_HASH_TAG])


def _check_hash(version: RegisteredVersion, model: Path, expected: str) -> None:
    found = tree_hash(model)
    if found != expected:
        raise RegistryError(
            f"{version.name} version {version.version}: the files at {version.uri} have the tree hash {found}, "
            f"registered was {expected}. They were changed or damaged; use another version."
        )


def _stored_files(store: MlflowStore, version: RegisteredVersion, scratch: Path, trained: bool) -> Path:
    """The SavedModel or the weights: where they lie when that is a local folder, else downloaded into `scratch`."""
    local = None if store.over_http else local_path(version.uri)
    try:
        if local is not None:
            folder = local.parent / (TRAINED_FOLDER if trained else DATA_ARTIFACT)
            if not folder.is_dir():
                raise FileNotFoundError(f"{folder} is not there")
        else:
            folder = _downloaded(store, version, scratch, TRAINED_FOLDER if trained else DATA_ARTIFACT)
        return folder if trained else stored_model(folder)
    except OSError as error:
        raise RegistryError(
            f"{version.name} version {version.version}: its files cannot be read from {version.uri} ({error}). "
            "If the registry was moved, move it back: MLflow records where the files are."
        ) from error


def _downloaded(store: MlflowStore, version: RegisteredVersion, scratch: Path, part: str) -> Path:
    from mlflow.exceptions import MlflowException

    with store.client() as client:
        try:
            return Path(client.download_artifacts(version.run_id, part, str(scratch)))
        except MlflowException as error:
            raise OSError(error.message) from error


def _log_numbers(client: Any, run_id: str, record: VersionRecord) -> None:
    from mlflow.entities import Metric, Param

    now = int(datetime.now(UTC).timestamp() * 1000)
    client.log_batch(run_id, metrics=[Metric(key, float(score), now, 0) for key, score in record.metrics.items()])
    params = [Param(key, str(value)[:_LONGEST_PARAM]) for key, value in sorted(record.params.items())]
    for start in range(0, len(params), _PARAMS_A_REQUEST):
        client.log_batch(run_id, params=params[start : start + _PARAMS_A_REQUEST])


CARD_FILE = "model_card.json"

# Beside the model, among the artifacts of the version's MLflow run.
_FOLDER = "card"


def fetch_card(registry_uri: str, version: RegisteredVersion, folder: Path) -> Path | None:
    """Copies the model card of a version out of the registry.

    Args:
        registry_uri: address of the registry; MLflow asks a server for the files.
        version: the version.
        folder: where the card goes; made when there is one.

    Returns:
        The file; None when the version was registered without a card.

    Raises:
        RegistryError: the files of the version cannot be listed or read.
    """
    stored = f"{version.uri.rstrip('/').rpartition('/')[0]}/{_FOLDER}"
    beside = local_path(stored)
    if beside is not None:
        if not (beside / CARD_FILE).is_file():
            return None
        folder.mkdir(parents=True, exist_ok=True)
        return Path(shutil.copy2(beside / CARD_FILE, folder / CARD_FILE))
    from mlflow.exceptions import MlflowException

    try:
        return _download(registry_uri, stored, folder)
    except (OSError, MlflowException) as error:
        raise RegistryError(
            f"{version.name} version {version.version}: its model card cannot be read from {stored} ({error}). Make "
            "the registry's files reachable from here."
        ) from error


def _download(registry_uri: str, stored: str, folder: Path) -> Path | None:
    from mlflow import artifacts

    files = artifacts.list_artifacts(artifact_uri=stored, tracking_uri=registry_uri)
    if not any(Path(file.path).name == CARD_FILE for file in files):
        return None
    folder.mkdir(parents=True, exist_ok=True)
    uri = f"{stored}/{CARD_FILE}"
    return Path(artifacts.download_artifacts(artifact_uri=uri, dst_path=str(folder), tracking_uri=registry_uri))
