"""The model registry: versions of models, their aliases, and the champion."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from absl import logging

from components.registry import names
from components.registry.champions import lookup
from components.registry.champions.champions import Champions
from components.registry.errors import RegistryError
from components.registry.store.mlflow_entities import create_registered_model, version_tags
from components.registry.store.mlflow_store import MlflowStore
from components.registry.store.pipeline_runs import PipelineRuns
from components.registry.store.pyfunc_folder import MODEL_ARTIFACT
from components.registry.store.readers import RegistryReader
from components.registry.store.served_interface import model_contract
from components.registry.store.version import RegisteredVersion, VersionRecord
from components.registry.store.version_files import (
    Part,
    Upload,
    content_tags,
    discard_abandoned,
    fetch_part,
    gathered,
    read_file,
    readable_part,
    remove_uploads,
    upload_folder,
    uploaded,
    verify,
)

_DESCRIPTION = (
    "Named entity tagger. `ner` writes the versions. Promote with `ner registry promote` and roll back with "
    "`ner registry rollback`; after moving the alias `champion` here, run `ner registry adopt`. "
    "`ner registry history` has the reasons."
)


class ModelRegistry:
    """Versions of models in MLflow.

    A version is written in one transaction after all its files are stored, so readers see all of it or nothing. The
    history, which has one order for all writers, decides which version is champion
    (docs/decisions/0003-history-decides.md); MLflow's alias `champion` follows it.

    Args:
        uri: see `MlflowStore`.
        experiment: see `MlflowStore`.

    Raises:
        RegistryError: the URI is not the address of a registry.

    Example:
        registry = ModelRegistry("sqlite:///outputs/registry/mlflow.db")
        record = VersionRecord(tags={"run_fingerprint": "5f1c"}, metrics={"entity_f1": 0.91}, blessed=True)
        version = registry.register(model_dir, "ner", record)
        registry.champions("ner").promote(version.version, expected=None, why="the first model")
        registry.fetch(registry.require("ner", "champion"), Path("champion"))
    """

    def __init__(self, uri: str, experiment: str = "ner") -> None:
        """Checks the address; opens nothing."""
        self._store = MlflowStore(uri, experiment)

    @property
    def store(self) -> MlflowStore:
        """The MLflow store below, for other modules of this package."""
        return self._store

    @property
    def uri(self) -> str:
        """Address of the registry; the path of an sqlite file is absolute."""
        return self._store.uri

    @property
    def database(self) -> Path | None:
        """The sqlite file; None for other stores."""
        return self._store.database

    @contextmanager
    def client(self) -> Iterator[Any]:
        """Opens the registry and yields its `MlflowClient`; an sqlite file that does not exist is created.

        Raises:
            RegistryError: it cannot be opened, or MLflow refuses a call.
        """
        with self._store.client() as client:
            yield client

    def check_ready(self, name: str) -> None:
        """Checks before a training that its model can be registered, as far as that is known without writing.

        Raises:
            RegistryError: the store cannot be read or written, its experiment or the registered model was deleted, or
                the model was renamed.
        """
        names.check_model_name(name)
        self._store.check_ready()
        if self._store.is_empty():
            return
        with self._store.reader() as reader:
            champion = lookup.champion_line(reader, name).champion
            if champion is not None and not reader.has_model(name):
                raise RegistryError(
                    f"model registry {self.uri}: the history names version {champion} as champion, but the registered "
                    f"model {name!r} was deleted or renamed in MLflow. Rename it back, or delete "
                    f"{name}{names.HISTORY_SUFFIX} as well to begin without a champion."
                )
        for change in self.champions(name).outside_changes():
            logging.warning("%s: %s", name, change)

    def register(
        self, model_dir: Path, name: str, record: VersionRecord | None = None, *, link: bool = False
    ) -> RegisteredVersion:
        """Stores a model folder unchanged as a new version.

        A model with the same bytes and run fingerprint is not stored again.

        Args:
            model_dir: the SavedModel folder.
            name: name of the registered model, created if absent.
            record: metadata; its tag `run_fingerprint` is part of the version's identity.
            link: a local store shares the files with `model_dir` and the record by hard links, so that the disk holds
                them once; for files that nobody changes, such as a pipeline's artifacts.

        Returns:
            The new version, or the existing one.

        Raises:
            RegistryError: a name, tag, metric or folder cannot be stored, or the store refuses.
            UnsafeModelError: a server may not load the model.
        """
        from components.exporter.validator.fresh_process import require_safe_to_serve  # numpy; readers need none

        names.check_model_name(name)
        require_safe_to_serve(model_dir)
        record = record or VersionRecord()
        contract = model_contract(model_dir)
        content = content_tags(Part.MODEL, model_dir)
        tags = version_tags(record, content[names.TREE_HASH_TAG], contract.version if contract else None) | content
        with (
            gathered(record.trained) as trained_dir,
            self._store.client(write=True) as client,
            self._store.reader() as reader,
        ):
            create_registered_model(client, name, _DESCRIPTION)
            existing = _existing(reader, name, tags)
            if existing is not None:
                return lookup.with_aliases(existing, lookup.true_aliases(reader, name))
            discard_abandoned(self._store, client, reader, name)
            if trained_dir is not None:
                tags |= content_tags(Part.TRAINED, trained_dir)
            with uploaded(self._store, client, name, Upload(model_dir, trained_dir, record, link)) as run:
                source = f"{run.info.artifact_uri}/{MODEL_ARTIFACT}"
                # Without the run id the server refuses the source, and MLflow asks its process-wide URI.
                summary = record.summary or None
                created = client.create_model_version(name, source, run.info.run_id, tags, description=summary)
            return lookup.require_version(reader, name, int(created.version), self.uri)

    def get(self, name: str, version_or_alias: int | str) -> RegisteredVersion | None:
        """Returns one version by its number (also as text) or alias; None if there is none.

        Raises:
            RegistryError: the store cannot be read.
        """
        names.check_model_name(name)
        if self._store.is_empty():
            return None
        with self._store.reader() as reader:
            return lookup.find_version(reader, name, version_or_alias)

    def require(self, name: str, version_or_alias: int | str) -> RegisteredVersion:
        """Returns one version by its number or alias.

        Raises:
            RegistryError: there is none, or the store cannot be read.
        """
        version = self.get(name, version_or_alias)
        if version is None:
            raise lookup.missing_version(name, version_or_alias, self.uri)
        return version

    def names(self) -> tuple[str, ...]:
        """Returns the names of all models, sorted, without the histories.

        Raises:
            RegistryError: the store cannot be read.
        """
        if self._store.is_empty():
            return ()
        with self._store.reader() as reader:
            return tuple(sorted(name for name in reader.names() if not name.endswith(names.HISTORY_SUFFIX)))

    def versions(self, name: str) -> tuple[RegisteredVersion, ...]:
        """Returns all versions of a model, oldest first; none if there is no such model.

        Raises:
            RegistryError: the store cannot be read.
        """
        names.check_model_name(name)
        if self._store.is_empty():
            return ()
        with self._store.reader() as reader:
            aliases = lookup.true_aliases(reader, name)
            return tuple(lookup.with_aliases(version, aliases) for version in reader.versions(name))

    def champions(self, name: str) -> Champions:
        """Returns the champion and the history of a model, to read and to change.

        Raises:
            RegistryError: the name is not valid.
        """
        return Champions(self._store, names.check_model_name(name))

    def pipeline_runs(self, name: str) -> PipelineRuns:
        """Returns the MLflow runs of a pipeline, to begin and to end.

        Raises:
            RegistryError: the name is not valid.
        """
        return PipelineRuns(self._store, names.check_model_name(name))

    def baseline(self, name: str, run_fingerprint: str) -> str:
        """Returns the version to compare a new run with: the champion's number, or "none".

        A champion with the same run fingerprint means that the run repeats the champion's run without a change. Such a
        run gets the baseline of the first run, so that TFX finds every node in its cache, unless that version was
        removed.

        Args:
            name: name of the registered model.
            run_fingerprint: fingerprint of all inputs of the new run.

        Raises:
            RegistryError: the registry cannot be read.
        """
        champion = self.get(name, names.CHAMPION)
        if champion is None:
            return names.NO_VERSION
        if run_fingerprint and champion.tags.get(names.RUN_FINGERPRINT_TAG) == run_fingerprint:
            before = champion.tags.get(names.BASELINE_VERSION_TAG) or names.NO_VERSION
            if before == names.NO_VERSION or self.get(name, before) is not None:
                return before
        return str(champion.version)

    def resolve_baseline(self, name: str, baseline: str, run_fingerprint: str) -> tuple[str, str]:
        """Returns the version that a run asks to be compared with: its number, or "none", and the hashes of its files.

        Args:
            name: name of the registered model.
            baseline: a number, "none", or `champion` (see `baseline`).
            run_fingerprint: fingerprint of all inputs of the run.

        Raises:
            RegistryError: there is no such version, or the registry cannot be read.
        """
        if baseline == names.CHAMPION:
            baseline = self.baseline(name, run_fingerprint)
        return (baseline, "") if baseline == names.NO_VERSION else (baseline, self.require(name, baseline).content)

    def fetch(self, version: RegisteredVersion, destination: Path, *, link: bool = False) -> Path:
        """Downloads the stored SavedModel, checks its tree hash, and renames it into place.

        Args:
            version: the version.
            destination: folder to create. A folder that already holds the same model stays as it is.
            link: shares the files with a local store by hard links; for folders that nobody changes.

        Returns:
            `destination`.

        Raises:
            RegistryError: the stored files are missing or differ from the registered ones, or `destination` holds
                other content.
        """
        return _require_model(fetch_part(self._store, version, Part.MODEL, destination, link=link), version)

    def fetch_trained(self, version: RegisteredVersion, destination: Path, *, link: bool = False) -> Path | None:
        """Downloads the trained model, for a warm start; the arguments and errors are those of `fetch`.

        Returns:
            `destination`; None if the version was registered without a trained model.
        """
        return fetch_part(self._store, version, Part.TRAINED, destination, link=link)

    def readable(self, version: RegisteredVersion, cache: Path) -> Path:
        """Returns a folder with the SavedModel, to read: the stored files, or a download if the store is remote.

        Args:
            version: the version.
            cache: folder of a download, kept for the next call.

        Raises:
            RegistryError: see `fetch`.
        """
        return _require_model(readable_part(self._store, version, Part.MODEL, cache), version)

    def readable_trained(self, version: RegisteredVersion, cache: Path) -> Path | None:
        """Returns a folder with the trained model like `readable`; None if it was registered without one."""
        return readable_part(self._store, version, Part.TRAINED, cache)

    def trained_file(self, version: RegisteredVersion, name: str) -> bytes | None:
        """Returns the content of a file of the trained model; None if the version was registered without it.

        Raises:
            RegistryError: see `fetch`.
        """
        return read_file(self._store, version, Part.TRAINED, name)

    def verify(self, version: RegisteredVersion) -> None:
        """Reads the stored files of a version.

        Raises:
            RegistryError: they are missing or differ from the registered ones.
        """
        verify(self._store, version)

    def stored_folders(self, name: str, versions: Collection[int]) -> dict[int | None, list[Path]]:
        """Returns the folders that `remove` deletes: version -> folders; those of no version have the key None.

        Raises:
            RegistryError: the store cannot be read.
        """
        folders: dict[int | None, list[Path]] = {}
        if self._store.is_empty():
            return folders
        with self._store.reader() as reader:
            numbers = {version.run_id: version.version for version in reader.versions(name)}
            for run in reader.runs(names.UPLOAD_TAG, name):
                number, folder = numbers.get(run.id), upload_folder(self._store, run)
                if folder is not None and (number is None or number in versions):
                    folders.setdefault(number, []).append(folder)
        return folders

    def remove(self, name: str, versions: Collection[int]) -> None:
        """Removes versions with their files, and the files of uploads without a version, from an sqlite registry.

        A version disappears in one transaction before its files do. Its number is not used again.

        Args:
            name: name of the registered model.
            versions: numbers of the versions; absent ones are ignored.

        Raises:
            RegistryError: the registry is a server, which other machines share, or a version has an alias.
        """
        if self.database is None:
            raise RegistryError(f"registry.uri {self.uri}: is a server. Remove versions there, with MLflow.")
        with self._store.client(write=True) as client, self._store.reader() as reader:
            taken = {**reader.aliases(name), **lookup.true_aliases(reader, names.check_model_name(name))}
            for number in sorted(versions):
                aliases = sorted(alias for alias, version in taken.items() if version == number)
                if aliases:
                    raise RegistryError(
                        f"{name} version {number}: has the alias {', '.join(aliases)}, so it is not removed. Promote "
                        "another version first."
                    )
                if reader.version(name, number) is not None:
                    client.delete_model_version(name, str(number))
            remove_uploads(self._store, client, reader, name)

    def set_alias(self, name: str, alias: str, version: int) -> None:
        """Points an alias other than `champion` and `previous` at a version.

        Raises:
            RegistryError: the alias is reserved, or there is no such version.
        """
        if names.check_alias(alias) in (names.CHAMPION, names.PREVIOUS):
            raise RegistryError(f"alias {alias!r}: only promotions and rollbacks move it. Use one of these.")
        with self._store.client(write=True) as client, self._store.reader() as reader:
            lookup.require_version(reader, names.check_model_name(name), version, self.uri)
            client.set_registered_model_alias(name, alias, str(version))


def _require_model(folder: Path | None, version: RegisteredVersion) -> Path:
    if folder is None:
        raise RegistryError(f"{version.name} version {version.version}: has no tree hash. Register it with ner.")
    return folder


def _existing(reader: RegistryReader, name: str, tags: dict[str, str]) -> RegisteredVersion | None:
    """Returns a version with the same bytes and run fingerprint."""
    for version in reader.versions(name, {names.TREE_HASH_TAG: tags[names.TREE_HASH_TAG]}):
        if version.tags.get(names.RUN_FINGERPRINT_TAG, "") == tags.get(names.RUN_FINGERPRINT_TAG, ""):
            return version
    return None
