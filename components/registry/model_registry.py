"""The model registry: versions of models, their aliases, and the one champion."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from components.registry.errors import ChampionMovedError, RegistryError
from components.registry.files import fsync_tree, incoming_folder, rename_into_place
from components.registry.mlflow_entities import (
    aliases_of,
    create_registered_model,
    find_version,
    search_versions,
    version_tags,
)
from components.registry.mlflow_store import MlflowStore, local_path
from components.registry.names import (
    CANDIDATE,
    CHAMPION,
    PREVIOUS,
    REPLACES_TAG,
    RUN_FINGERPRINT_TAG,
    TREE_HASH_TAG,
    check_alias,
    check_model_name,
)
from components.registry.pyfunc_folder import DATA_ARTIFACT, MODEL_ARTIFACT, stored_model, write_pyfunc_folder
from components.registry.registered_version import RegisteredVersion
from components.text.tree_hash import tree_hash


class ModelRegistry:
    """Versions of models in MLflow.

    A version is written in one transaction after all its files are stored, so that a reader sees the whole of it or
    nothing. On an sqlite file every write is one step among all processes of the machine; on an MLflow server, which
    knows no compare-and-set, two promotions in the same instant can still overtake each other.

    Example:
        ```python
        registry = ModelRegistry("sqlite:///outputs/registry/mlflow.db")
        version = registry.register(model_dir, "ner", tags={"run_fingerprint": "5f1c"}, metrics={"f1": 0.91})
        registry.promote("ner", version.version, expected_champion=None)
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

    def register(
        self,
        model_dir: Path,
        name: str,
        tags: Mapping[str, str],
        metrics: Mapping[str, float],
        card_files: Iterable[Path] = (),
    ) -> RegisteredVersion:
        """Stores a model folder byte for byte as a new version.

        A model with the same bytes from a run of the same fingerprint is not stored again: the version it has is
        returned.

        Args:
            model_dir: The SavedModel folder.
            name: Name of the registered model, created when absent.
            tags: Tags of the version; `run_fingerprint` is part of its identity.
            metrics: Finite scores, kept as metrics of the version's MLflow run and as its tags `metric.<name>`.
            card_files: Files to store beside the model, in the folder `card`.

        Returns:
            The new version, or the one there was.

        Raises:
            RegistryError: If a name, tag, metric or folder cannot be stored, or the store refuses.
        """
        check_model_name(name)
        digest = tree_hash(model_dir)
        all_tags = version_tags(tags, metrics, digest)
        with self._store.client(write=True) as client:
            create_registered_model(client, name)
            same = self._find(client, name, digest, all_tags.get(RUN_FINGERPRINT_TAG, ""))
            if same is not None:
                return same
            run = self._store_files(client, model_dir, name, metrics, card_files)
            source = f"{run.info.artifact_uri}/{MODEL_ARTIFACT}"
            # The run id keeps the server from refusing the source, and MLflow from asking its process-wide URI.
            created = client.create_model_version(name, source, run_id=run.info.run_id, tags=all_tags)
            return self._require(client, name, int(created.version))

    def get(self, name: str, version_or_alias: int | str) -> RegisteredVersion | None:
        """One version by its number (a number written as text counts) or alias; None when there is none.

        Raises:
            RegistryError: If the store cannot be read.
        """
        check_model_name(name)
        if self._store.is_empty():
            return None
        with self._store.client() as client:
            return find_version(client, name, version_or_alias)

    def versions(self, name: str) -> tuple[RegisteredVersion, ...]:
        """All versions of a model, oldest first; none when there is no such model.

        Raises:
            RegistryError: If the store cannot be read.
        """
        check_model_name(name)
        if self._store.is_empty():
            return ()
        with self._store.client() as client:
            return search_versions(client, name)

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
        if destination.exists():
            return _already_fetched(version, destination)
        with incoming_folder(destination.parent) as incoming:
            model = stored_model(self._download(version, incoming))
            found = tree_hash(model)
            if found != version.tree_hash:
                raise RegistryError(
                    f"{version.name} version {version.version}: the files at {version.uri} have the tree hash {found}, "
                    f"registered was {version.tree_hash}. They were changed or damaged; use another version."
                )
            fsync_tree(model)
            rename_into_place(model, destination)
        return destination

    def set_alias(self, name: str, alias: str, version: int) -> None:
        """Points an alias at a version. The champion changes by `promote` only.

        Raises:
            RegistryError: If the alias is reserved or there is no such version.
        """
        if check_alias(alias) == CHAMPION:
            raise RegistryError(f"alias {CHAMPION!r}: it is moved by promote, which checks what it replaces.")
        with self._store.client(write=True) as client:
            self._require(client, name, version)
            client.set_registered_model_alias(name, alias, str(version))

    def promote(self, name: str, version: int, expected_champion: int | None) -> RegisteredVersion:
        """Makes a version the champion if the champion is still the expected one (compare-and-set).

        The champion flips in the last step: whoever dies before it leaves the old champion in place, and promoting
        again finishes the work. A version that is the champion already stays it, whatever was expected.

        Args:
            name: Name of the registered model.
            version: The version to promote.
            expected_champion: The champion the version was compared with; None if there was none.

        Returns:
            The version as champion.

        Raises:
            ChampionMovedError: If the champion is another one.
            RegistryError: If there is no such version.
        """
        with self._store.client(write=True) as client:
            self._require(client, name, version)
            aliases = aliases_of(client, name)
            champion = aliases.get(CHAMPION)
            if champion not in (expected_champion, version):
                raise ChampionMovedError(
                    f"{name} version {version} was compared with {_spoken(expected_champion)}, but the champion is now "
                    f"{_spoken(champion)}. Evaluate it against that one before promoting it."
                )
            if champion != version:
                self._replace(client, name, version, champion)
            if aliases.get(CANDIDATE) == version:
                client.delete_registered_model_alias(name, CANDIDATE)
            return self._require(client, name, version)

    def _replace(self, client: Any, name: str, version: int, champion: int | None) -> None:
        if champion is not None:
            client.set_registered_model_alias(name, PREVIOUS, str(champion))
            client.set_model_version_tag(name, str(version), REPLACES_TAG, str(champion))
        client.set_registered_model_alias(name, CHAMPION, str(version))

    def _store_files(
        self, client: Any, model_dir: Path, name: str, metrics: Mapping[str, float], card_files: Iterable[Path]
    ) -> Any:
        """Creates the MLflow run of a version and uploads everything; a run that failed half-way is marked so."""
        from mlflow.entities import Metric

        run = client.create_run(self._store.experiment_id(client), run_name=name)
        identity, status = run.info.run_id, "FAILED"
        try:
            milliseconds = int(datetime.now(UTC).timestamp() * 1000)
            client.log_batch(identity, metrics=[Metric(key, float(x), milliseconds, 0) for key, x in metrics.items()])
            with TemporaryDirectory() as scratch:
                write_pyfunc_folder(model_dir, Path(scratch, MODEL_ARTIFACT))
                client.log_artifacts(identity, str(Path(scratch, MODEL_ARTIFACT)), MODEL_ARTIFACT)
            for file in card_files:
                client.log_artifact(identity, str(file), "card")
            folder = local_path(run.info.artifact_uri)
            if folder is not None:
                fsync_tree(folder)
            status = "FINISHED"
        finally:
            client.set_terminated(identity, status)
        return run

    def _download(self, version: RegisteredVersion, folder: Path) -> Path:
        from mlflow.exceptions import MlflowException

        with self._store.client() as client:
            run_id = client.get_model_version(version.name, str(version.version)).run_id
            try:
                return Path(client.download_artifacts(run_id, DATA_ARTIFACT, str(folder)))
            except (OSError, MlflowException) as error:
                raise RegistryError(
                    f"{version.name} version {version.version}: its files cannot be read from {version.uri} ({error}). "
                    "If the registry was moved, move it back: MLflow records where the files are."
                ) from error

    def _find(self, client: Any, name: str, digest: str, fingerprint: str) -> RegisteredVersion | None:
        same_bytes = search_versions(client, name, f"tags.{TREE_HASH_TAG} = '{digest}'")
        same = (found for found in same_bytes if found.tags.get(RUN_FINGERPRINT_TAG, "") == fingerprint)
        return next(same, None)

    def _require(self, client: Any, name: str, version: int) -> RegisteredVersion:
        found = find_version(client, check_model_name(name), version)
        if found is None:
            raise RegistryError(f"{name} has no version {version} in {self.uri}. List its versions and choose another.")
        return found


def _already_fetched(version: RegisteredVersion, destination: Path) -> Path:
    found = tree_hash(destination)
    if found != version.tree_hash:
        raise RegistryError(
            f"{destination}: holds another model (tree hash {found}) than {version.name} version {version.version} "
            f"({version.tree_hash}). Remove it or choose another folder."
        )
    return destination


def _spoken(version: int | None) -> str:
    return "no champion" if version is None else f"version {version}"
