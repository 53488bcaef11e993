"""The model registry: versions of models, their aliases, the one champion, and its history."""

from __future__ import annotations

from pathlib import Path

from components.common.hashing import tree_hash
from components.registry.champions.champions import Champions
from components.registry.errors import RegistryError
from components.registry.names import (
    CHAMPION,
    PREVIOUS,
    RUN_FINGERPRINT_TAG,
    TRAINED_HASH_TAG,
    TREE_HASH_TAG,
    check_alias,
    check_model_name,
)
from components.registry.store.mlflow_entities import create_registered_model, version_tags
from components.registry.store.mlflow_store import MlflowStore
from components.registry.store.pyfunc_folder import MODEL_ARTIFACT
from components.registry.store.registered_version import RegisteredVersion
from components.registry.store.registry_reader import RegistryReader
from components.registry.store.served_interface import model_contract
from components.registry.store.version_files import discard_abandoned, fetched, gathered, uploaded
from components.registry.store.version_lookup import find_version, missing, require_version, true_aliases, with_aliases
from components.registry.store.version_record import VersionRecord


class ModelRegistry:
    """Versions of models in MLflow.

    A version is written in one transaction after all its files are stored, so that a reader sees the whole of it or
    nothing. Which version is champion is decided by the history, which has one order for all writers
    (docs/decisions/0003-history-decides.md); the alias `champion` in MLflow follows it.

    Example:
        ```python
        registry = ModelRegistry("sqlite:///outputs/registry/mlflow.db")
        record = VersionRecord(tags={"run_fingerprint": "5f1c"}, metrics={"f1": 0.91}, blessed=True)
        version = registry.register(model_dir, "ner", record)
        registry.champions("ner").promote(version.version, expected=None, why="the first model")
        registry.fetch(registry.get("ner", "champion"), Path("champion"))
        ```

    Args:
        uri: See `MlflowStore`.
        artifact_location: See `MlflowStore`.
        experiment: See `MlflowStore`.

    Raises:
        RegistryError: If the URI cannot be a registry.
    """

    def __init__(self, uri: str, artifact_location: str | None = None, experiment: str = "ner") -> None:
        """Checks the addresses; opens nothing."""
        self._store = MlflowStore(uri, artifact_location, experiment)

    @property
    def uri(self) -> str:
        """The address of the registry; the path of an sqlite file is absolute."""
        return self._store.uri

    @property
    def database(self) -> Path | None:
        """The sqlite file; None when the registry is something else."""
        return self._store.database

    def open(self) -> None:
        """Opens the registry, and creates it if it is an sqlite file that does not exist.

        Raises:
            RegistryError: If it cannot be opened.
        """
        with self._store.client():
            pass

    def register(self, model_dir: Path, name: str, record: VersionRecord | None = None) -> RegisteredVersion:
        """Stores a model folder byte for byte as a new version.

        A model with the same bytes from a run of the same fingerprint is not stored again: the version it has is
        returned.

        Args:
            model_dir: The SavedModel folder.
            name: Name of the registered model, created when absent.
            record: What is known about it; its tag `run_fingerprint` is part of the identity of the version.

        Returns:
            The new version, or the one there was.

        Raises:
            RegistryError: If a name, tag, metric or folder cannot be stored, or the store refuses.
        """
        check_model_name(name)
        record = record or VersionRecord()
        contract = model_contract(model_dir)
        tags = version_tags(record, tree_hash(model_dir), contract.version if contract else None)
        with (
            gathered(record.trained) as trained_dir,
            self._store.client(write=True) as client,
            self._store.reader() as reader,
        ):
            create_registered_model(client, name)
            same = _same(reader, name, tags)
            if same is not None:
                return with_aliases(same, true_aliases(reader, name))
            discard_abandoned(self._store, client, reader, name)
            if trained_dir is not None:
                tags[TRAINED_HASH_TAG] = tree_hash(trained_dir)
            with uploaded(self._store, client, model_dir, trained_dir, name, record) as run:
                source = f"{run.info.artifact_uri}/{MODEL_ARTIFACT}"
                # The run id keeps the server from refusing the source, and MLflow from asking its process-wide URI.
                about = record.summary or None
                created = client.create_model_version(name, source, run.info.run_id, tags, description=about)
            return require_version(reader, name, int(created.version), self.uri)

    def get(self, name: str, version_or_alias: int | str) -> RegisteredVersion | None:
        """One version by its number (a number written as text counts) or alias; None when there is none.

        Raises:
            RegistryError: If the store cannot be read.
        """
        check_model_name(name)
        if self._store.is_empty():
            return None
        with self._store.reader() as reader:
            return find_version(reader, name, version_or_alias)

    def require(self, name: str, version_or_alias: int | str) -> RegisteredVersion:
        """One version that must be there.

        Raises:
            RegistryError: If it is not, or the store cannot be read.
        """
        found = self.get(name, version_or_alias)
        if found is None:
            raise RegistryError(missing(name, version_or_alias, self.uri))
        return found

    def versions(self, name: str) -> tuple[RegisteredVersion, ...]:
        """All versions of a model, oldest first; none when there is no such model.

        Raises:
            RegistryError: If the store cannot be read.
        """
        check_model_name(name)
        if self._store.is_empty():
            return ()
        with self._store.reader() as reader:
            aliases = true_aliases(reader, name)
            return tuple(with_aliases(version, aliases) for version in reader.versions(name))

    def champions(self, name: str) -> Champions:
        """What changes the champion of a model, and knows its history.

        Raises:
            RegistryError: If there cannot be a model of that name.
        """
        return Champions(self._store, check_model_name(name))

    def fetch(self, version: RegisteredVersion, destination: Path) -> Path:
        """Downloads the stored model, checks its tree hash and renames it into place.

        Args:
            version: The version to fetch.
            destination: Folder to create. One that already holds the same model is left as it is.

        Returns:
            `destination`.

        Raises:
            RegistryError: If the stored files are gone or differ from what was registered, or `destination` holds
                something else.
        """
        return fetched(self._store, version, destination)

    def fetch_trained(self, version: RegisteredVersion, destination: Path) -> Path | None:
        """Downloads the weights as they were trained, for a warm start.

        Args:
            version: The version.
            destination: Folder to create. One that already holds the same is left as it is.

        Returns:
            `destination`; None if the version was registered without them.

        Raises:
            RegistryError: As `fetch`.
        """
        if TRAINED_HASH_TAG not in version.tags:
            return None
        return fetched(self._store, version, destination, trained=True)

    def set_alias(self, name: str, alias: str, version: int) -> None:
        """Points an alias at a version. The champion, and the one before it, change by `promote` and `rollback` only.

        Raises:
            RegistryError: If the alias is reserved or there is no such version.
        """
        if check_alias(alias) in (CHAMPION, PREVIOUS):
            raise RegistryError(f"alias {alias!r}: promote and rollback move it, which check what they replace.")
        with self._store.client(write=True) as client, self._store.reader() as reader:
            require_version(reader, check_model_name(name), version, self.uri)
            client.set_registered_model_alias(name, alias, str(version))


def _same(reader: RegistryReader, name: str, tags: dict[str, str]) -> RegisteredVersion | None:
    """A version of the same bytes that came out of the same inputs."""
    for found in reader.versions(name, {TREE_HASH_TAG: tags[TREE_HASH_TAG]}):
        if found.tags.get(RUN_FINGERPRINT_TAG, "") == tags.get(RUN_FINGERPRINT_TAG, ""):
            return found
    return None
