"""Opening MLflow with its traps defused: telemetry, the race on a new sqlite file, artifact folders over HTTP."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from components.common.files import fsync_path, locked
from components.registry.errors import RegistryError
from components.registry.store.mlflow_reader import MlflowReader
from components.registry.store.registry_reader import RegistryReader
from components.registry.store.sqlite_reader import SqliteReader

_SQLITE = "sqlite:///"

# Read by MLflow while it is imported, so they are set before. A value that the user has set stays.
_ENVIRONMENT = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MLFLOW_LOGGING_LEVEL": "WARNING",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
    # MLflow's own 7 retries make a mistyped address take 256 s (measured) to be told.
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "3",
}


def local_path(uri: str) -> Path | None:
    """The local folder that an artifact location names, or None if it lies on a server or object store."""
    parts = urlsplit(uri)
    if parts.scheme == "file":
        return Path(unquote(parts.path))
    return None if parts.scheme else Path(uri)


class MlflowStore:
    """One MLflow tracking and registry store, opened when it is first needed.

    Importing MLflow costs 2.5 s (1.1 s where TensorFlow is loaded already) and opening a store another 1.5 s, nearly
    all of it imports; creating the tables of a new sqlite file adds 1 to 7 s. So nothing is imported before the first
    call.

    Args:
        uri: `sqlite:///relative/path`, `sqlite:////absolute/path`, `http(s)://server`, or the URL of a database server.
        artifact_location: Where model files go. Default: `artifacts` beside the sqlite file, or whatever an MLflow
            server chooses. Needed with a database server.
        experiment: MLflow experiment that holds one MLflow run for each registered version.

    Attributes:
        uri: The address; the path of an sqlite file is absolute.
        database: The sqlite file; None when it is something else.
        over_http: Whether it is an MLflow server.

    Raises:
        RegistryError: If the URI is none of these, or a local folder is asked for over HTTP.
    """

    def __init__(self, uri: str, artifact_location: str | None = None, experiment: str = "ner") -> None:
        """Checks the addresses; opens nothing."""
        scheme = urlsplit(uri).scheme
        no_file = scheme.startswith("sqlite") and not (uri.startswith(_SQLITE) and uri.removeprefix(_SQLITE).strip("/"))
        if not scheme or scheme == "file" or no_file:
            raise RegistryError(
                f"registry uri {uri!r}: expected sqlite:///path/to/registry.db, the http(s) address of an MLflow "
                "server, or the URL of a database server. MLflow no longer keeps registries in plain folders."
            )
        self.database: Path | None = None
        if uri.startswith(_SQLITE):
            # MLflow would resolve a relative path against whatever folder each process happens to be in.
            self.database = Path(uri.removeprefix(_SQLITE)).absolute()
            uri = f"{_SQLITE}{self.database}"
            artifact_location = artifact_location or str(self.database.parent / "artifacts")
        self.uri = uri
        self.over_http = scheme in ("http", "https")
        self._experiment = experiment
        self._artifact_location: str | None = None
        self._client: Any = None
        self._quick: SqliteReader | None = None
        if artifact_location is not None:
            self._check_location(artifact_location)
            folder = local_path(artifact_location)
            self._artifact_location = str(folder.absolute()) if folder else artifact_location
        elif not self.over_http:
            raise RegistryError(
                f"registry uri {uri!r}: a database server needs artifact_location, the place for the model files "
                "that every machine can reach (s3://..., gs://..., or a shared folder). From a configuration, name an "
                "MLflow server (http://...) that has the database behind it."
            )

    def is_empty(self) -> bool:
        """Whether the registry is an sqlite file that nothing has created yet; costs no import."""
        return self.database is not None and not self.database.exists()

    @contextmanager
    def reader(self) -> Iterator[RegistryReader]:
        """Something to read the registry with, quick where that is possible.

        Raises:
            RegistryError: If the store cannot be opened or refuses a call.
        """
        if self._quick is None and self.database is not None and SqliteReader(self.database).supports():
            self._quick = SqliteReader(self.database)
        if self._quick is None:
            with self.client() as client:
                yield MlflowReader(client)
            return
        try:
            yield self._quick
        except sqlite3.Error as error:
            raise RegistryError(f"the model registry {self.uri} cannot be read: {error}.") from error

    @contextmanager
    def client(self, *, write: bool = False) -> Iterator[Any]:
        """An open `MlflowClient`; MLflow's errors leave the block as RegistryError.

        Args:
            write: Holds the registry's lock, so that reading, deciding and writing are one step among all processes of
                this machine. Only an sqlite file has such a lock.

        Raises:
            RegistryError: If the store cannot be opened or refuses a call.
        """
        if self._client is None:
            self._client = self._open()
        from mlflow.exceptions import MlflowException

        with self._lock() if write else nullcontext():
            try:
                yield self._client
            except MlflowException as error:
                raise RegistryError(f"the model registry {self.uri} failed: {error.message}") from error

    def experiment_id(self, client: Any) -> str:
        """The id of the experiment, created with its artifact location when absent.

        MLflow binds the location to the experiment when it is created. A local folder there would make each machine
        that talks to the server keep the models on its own disk, and a pod lose them.

        Raises:
            RegistryError: If the experiment of an HTTP server stores into a local folder.
        """
        found = client.get_experiment_by_name(self._experiment)
        if found is None:
            identity = client.create_experiment(self._experiment, artifact_location=self._artifact_location)
            found = client.get_experiment(identity)
        self._check_location(found.artifact_location)
        return str(found.experiment_id)

    def _check_location(self, location: str) -> None:
        if self.over_http and local_path(location) is not None:
            raise RegistryError(
                f"the registry {self.uri} is a server, but experiment {self._experiment!r} stores models in the local "
                f"folder {location}, which other machines do not see. Start the server with --artifacts-destination "
                "and use a new experiment, or give an artifact_location such as s3://... ."
            )

    def _lock(self) -> Any:
        if self.database is None:
            return nullcontext()
        return locked(self.database.with_name(self.database.name + ".lock"))

    def _open(self) -> Any:
        for key, value in _ENVIRONMENT.items():
            os.environ.setdefault(key, value)
        from mlflow.tracking import MlflowClient

        try:
            if self.database is None:
                return MlflowClient(tracking_uri=self.uri, registry_uri=self.uri)
            # Processes that open an empty sqlite file at once break each other's migration.
            with self._lock():
                if not self.database.exists():
                    _create_database(self.database, MlflowClient)
                return MlflowClient(tracking_uri=self.uri, registry_uri=self.uri)
        except _opening_errors(self.over_http) as error:
            raise RegistryError(
                f"the model registry {self.uri} cannot be opened: {error}. Check the address, and that it is an MLflow "
                "database of this MLflow version."
            ) from error


def _opening_errors(over_http: bool) -> tuple[type[Exception], ...]:
    """What MLflow raises when a store does not open; over HTTP it may be installed without SQLAlchemy."""
    from mlflow.exceptions import MlflowException

    if over_http:
        return (MlflowException,)
    from sqlalchemy.exc import SQLAlchemyError

    return (MlflowException, SQLAlchemyError)


def _create_database(database: Path, client_class: Any) -> None:
    """Creates the tables under a temporary name, so that a process killed half-way leaves no broken registry."""
    incoming = database.with_name(f".incoming-{database.name}")
    for leftover in (incoming, incoming.with_name(incoming.name + "-journal")):
        leftover.unlink(missing_ok=True)
    client_class(tracking_uri=f"{_SQLITE}{incoming}", registry_uri=f"{_SQLITE}{incoming}")
    fsync_path(incoming)
    os.replace(incoming, database)
    fsync_path(database.parent)
