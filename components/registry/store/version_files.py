"""Files of a version: upload to MLflow's artifact store, download, and verification."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NoReturn

from components.common.errors import NerError, counted
from components.common.files import (
    fsync_tree,
    incoming_folder,
    link_equal_file,
    link_or_copy,
    rename_into_place,
)
from components.common.hashing import file_hash, file_hashes, tree_differences, tree_hash
from components.keys import TRAINED_FOLDER
from components.registry import names
from components.registry.errors import RegistryError
from components.registry.store.mlflow_entities import json_tag
from components.registry.store.mlflow_store import MlflowStore, local_path
from components.registry.store.pipeline_runs import CARD_FOLDER, log_record, open_run
from components.registry.store.pyfunc_folder import DATA_ARTIFACT, MODEL_ARTIFACT, stored_model, write_pyfunc_folder
from components.registry.store.readers import RegistryReader, StoredRun
from components.registry.store.version import RegisteredVersion, VersionRecord

_REMOVED_PREFIX = ".removed-"  # of folders that are about to be deleted
_ABANDONED_SECONDS = 24 * 3600  # no upload takes that long
_HASH_DIGITS = 16  # of each file; the tree hash decides, these only name the file that differs
_MAX_PHRASES = 3  # of an error


class Part(Enum):
    """Part of a stored version.

    Attributes:
        folder: folder among the artifacts of the version's MLflow run.
        hash_tag: tag of the version that holds the part's tree hash.
        files_tag: tag that holds the hash of each file, as JSON.
    """

    MODEL = DATA_ARTIFACT, names.TREE_HASH_TAG, names.FILES_TAG
    TRAINED = TRAINED_FOLDER, names.TRAINED_HASH_TAG, names.TRAINED_FILES_TAG

    def __init__(self, folder: str, hash_tag: str, files_tag: str) -> None:
        """Names the attributes."""
        self.folder, self.hash_tag, self.files_tag = folder, hash_tag, files_tag


def content_tags(part: Part, folder: Path) -> dict[str, str]:
    """Returns the tags that identify the content of a part."""
    hashes = {name: digest[:_HASH_DIGITS] for name, digest in file_hashes(folder).items()}
    return {part.hash_tag: tree_hash(folder), part.files_tag: json_tag(hashes)}


def describe_damage(version: RegisteredVersion, folder: Path, part: Part = Part.MODEL) -> str:
    """Returns the difference between a copy of a part and the registered one, in words; empty if they are equal.

    It reads all files. A size or a time does not show a changed byte.
    """
    if not folder.is_dir():
        return "it is not a folder"
    try:
        actual, expected = tree_hash(folder), version.tags.get(part.hash_tag)
    except NerError as error:  # a link to a folder, or a special file
        return str(error).rpartition(". ")[0]  # without its cure
    if actual == expected:
        return ""
    recorded = version.tags.get(part.files_tag, "")
    phrases = tree_differences(folder, json.loads(recorded)) if recorded.startswith("{") else []
    if len(phrases) > _MAX_PHRASES:
        phrases[_MAX_PHRASES:] = [f"and {counted(len(phrases) - _MAX_PHRASES, 'more difference')}"]
    return ", ".join(phrases) or f"its tree hash is {actual}, registered is {expected}"


@dataclass(frozen=True)
class Upload:
    """Files and metadata of a version to store.

    Attributes:
        model_dir: the SavedModel.
        trained_dir: folder of the trained model; None if there is none.
        record: metadata of the version.
        link: whether a local store shares the files with their sources by hard links instead of copies.
    """

    model_dir: Path
    trained_dir: Path | None
    record: VersionRecord
    link: bool = False

    def link_files(self, stored: Path) -> None:
        """Replaces the copies in the folder of an MLflow run by hard links to their sources.

        MLflow's own functions only copy. The copies are complete at this point, so a killed process leaves copies.
        """
        model = stored / DATA_ARTIFACT / self.model_dir.name
        sources = {model / file.relative_to(self.model_dir): file for file in self.model_dir.rglob("*")}
        sources |= {stored / TRAINED_FOLDER / name: file for name, file in self.record.trained.items()}
        sources |= {stored / CARD_FOLDER / file.name: file for file in self.record.files}
        for copy, source in sources.items():
            if source.is_file():
                link_equal_file(source, copy)


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
def uploaded(store: MlflowStore, client: Any, name: str, upload: Upload) -> Iterator[Any]:
    """Stores files, metrics and parameters of a version in the MLflow run of its pipeline run, and yields the run.

    A version without a pipeline run gets a new MLflow run, which is finished if the block, which creates the version,
    raises nothing. `PipelineRuns.end` ends the run of a pipeline.

    Args:
        store: the MLflow store.
        client: an `MlflowClient` of it.
        name: name of the registered model.
        upload: files and metadata of the version.
    """
    pipeline_run = upload.record.tags.get(names.RUN_ID_TAG, "")
    with store.reader() as reader:
        run = open_run(store, client, reader, name, upload.record)
    client.set_tag(run.info.run_id, names.UPLOAD_TAG, name)
    status = "FAILED"
    try:
        _discard_partial_upload(run)
        log_record(client, run.info.run_id, upload.record)
        with TemporaryDirectory() as scratch:
            write_pyfunc_folder(upload.model_dir, Path(scratch, MODEL_ARTIFACT))
            client.log_artifacts(run.info.run_id, str(Path(scratch, MODEL_ARTIFACT)), MODEL_ARTIFACT)
        if upload.trained_dir is not None:
            client.log_artifacts(run.info.run_id, str(upload.trained_dir), TRAINED_FOLDER)
        folder = local_path(run.info.artifact_uri)
        if folder is not None:
            if upload.link:
                upload.link_files(folder)
            fsync_tree(folder)
        yield run
        status = "RUNNING" if pipeline_run else "FINISHED"
    finally:
        if status != "RUNNING":
            client.set_terminated(run.info.run_id, status)


def _discard_partial_upload(run: Any) -> None:
    """Removes the local files that a killed upload into the same run left."""
    folder = local_path(run.info.artifact_uri)
    if folder is not None:
        for part in (MODEL_ARTIFACT, TRAINED_FOLDER):
            shutil.rmtree(folder / part, ignore_errors=True)


def discard_abandoned(store: MlflowStore, client: Any, reader: RegistryReader, name: str) -> None:
    """Removes local files of uploads that ended a day ago or earlier without a version.

    A killed pusher leaves an MLflow run that the registry does not show, but its files take space.
    """
    before = int((time.time() - _ABANDONED_SECONDS) * 1000)
    condition = f"tags.`{names.UPLOAD_TAG}` = '{name}' and attributes.status != 'FINISHED'"
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


def unregistered_uploads(reader: RegistryReader, name: str) -> list[StoredRun]:
    """Returns the uploads without a version: it was removed, or a pusher was killed before it created one."""
    registered = {version.run_id for version in reader.versions(name)}
    return [run for run in reader.runs(names.UPLOAD_TAG, name) if run.id not in registered]


def upload_folder(store: MlflowStore, run: StoredRun) -> Path | None:
    """Returns the folder of an upload next to an sqlite file; None if it is stored elsewhere.

    The folder is derived from the file's path: a copied registry still records the location of the original.
    """
    return None if store.database is None else store.artifact_folder / run.id


def remove_uploads(store: MlflowStore, client: Any, reader: RegistryReader, name: str) -> None:
    """Removes the files of uploads without a version, and their MLflow runs; for sqlite registries.

    The caller holds the registry's lock, so no upload is in progress. Each folder is renamed first, and its run ends
    last: after a kill the next call finds the rest.
    """
    for run in unregistered_uploads(reader, name):
        folder = upload_folder(store, run)
        if folder is None:
            continue
        if folder.is_dir():
            folder.rename(folder.with_name(f"{_REMOVED_PREFIX}{run.id}"))
        shutil.rmtree(folder.with_name(f"{_REMOVED_PREFIX}{run.id}"), ignore_errors=True)
        client.delete_run(run.id)


def fetch_part(
    store: MlflowStore, version: RegisteredVersion, part: Part, destination: Path, *, link: bool = False
) -> Path | None:
    """Downloads one part of a version as `ModelRegistry.fetch` describes.

    Returns:
        `destination`; None if the version was registered without this part.
    """
    expected = version.tags.get(part.hash_tag)
    if expected is None:
        return None
    if os.path.lexists(destination):
        return _same(version, part, destination)
    with incoming_folder(destination) as incoming:
        folder = _stored_files(store, version, part, incoming)
        if incoming not in folder.parents:
            copy = link_or_copy if link else shutil.copy2
            folder = Path(shutil.copytree(folder, incoming / MODEL_ARTIFACT, copy_function=copy))
        _check_content(version, folder, part)
        fsync_tree(folder)
        try:
            rename_into_place(folder, destination, shared=not link)
        except OSError:
            if not os.path.lexists(destination):
                raise
            return _same(version, part, destination)  # another process was faster
    return destination


def _same(version: RegisteredVersion, part: Part, folder: Path) -> Path:
    if difference := describe_damage(version, folder, part):
        raise RegistryError(
            f"{folder}: holds another model than {version.name} version {version.version} ({difference}). Remove it or "
            "choose another folder."
        )
    return folder


def readable_part(store: MlflowStore, version: RegisteredVersion, part: Part, cache: Path) -> Path | None:
    """Returns the folder of `ModelRegistry.readable` for one part; None if the version was registered without it."""
    if version.tags.get(part.hash_tag) is None:
        return None
    if store.over_http or local_path(version.uri) is None:
        return fetch_part(store, version, part, cache)
    folder = _stored_files(store, version, part, cache)
    _check_content(version, folder, part)
    return folder


def read_file(store: MlflowStore, version: RegisteredVersion, part: Part, name: str) -> bytes | None:
    """Returns the content of one file of a part, without a download of the others; None if it has no such file."""
    recorded = version.tags.get(part.files_tag, "")
    digest = json.loads(recorded).get(name) if recorded.startswith("{") else None
    if digest is None:
        return None
    with TemporaryDirectory() as scratch:
        file = _stored(store, version, f"{part.folder}/{name}", Path(scratch))
        if file_hash(file)[:_HASH_DIGITS] != digest:
            _refuse_damage(version, f"{name} differs")
        return file.read_bytes()


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
    if difference := describe_damage(version, folder, part):
        _refuse_damage(version, difference)


def _refuse_damage(version: RegisteredVersion, difference: str) -> NoReturn:
    raise RegistryError(
        f"{version.name} version {version.version}: the files of the registry at {version.uri} were changed or "
        f"damaged: {difference}. Restore them from a copy, or use another version."
    )


def _stored_files(store: MlflowStore, version: RegisteredVersion, part: Part, scratch: Path) -> Path:
    """Returns the folder of a part: in place if it is a local folder, otherwise downloaded into `scratch`."""
    folder = _stored(store, version, part.folder, scratch)
    return stored_model(folder) if part is Part.MODEL else folder


def _stored(store: MlflowStore, version: RegisteredVersion, path: str, scratch: Path) -> Path:
    """Returns a file or folder of the version like `_stored_files`."""
    local = None if store.over_http else local_path(version.uri)
    try:
        if local is None:
            return _downloaded(store, version, path, scratch)
        if not (local.parent / path).exists():
            raise FileNotFoundError(f"{local.parent / path} does not exist")
        return local.parent / path
    except OSError as error:
        raise RegistryError(
            f"{version.name} version {version.version}: its files cannot be read from {version.uri} ({error}). "
            "If the registry was moved or copied, move or copy its folder `artifacts` with it."
        ) from error


def _downloaded(store: MlflowStore, version: RegisteredVersion, path: str, scratch: Path) -> Path:
    from mlflow.exceptions import MlflowException

    with store.client() as client:
        try:
            return Path(client.download_artifacts(version.run_id, path, str(scratch)))
        except MlflowException as error:
            raise OSError(error.message) from error
