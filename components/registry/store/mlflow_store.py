"""MLflow's tracking and registry store, opened without telemetry and without races on a new sqlite file."""

from __future__ import annotations

import os
import re
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from components.common.errors import shortened
from components.common.files import fsync_path, is_writable, locked
from components.registry.errors import RegistryError
from components.registry.store.location import former_location, local_path, settle_location
from components.registry.store.readers import Experiment, MlflowReader, RegistryReader, SqliteReader

_SQLITE = "sqlite:///"

# MLflow reads these while it is imported. A value that the user has set stays.
_ENVIRONMENT = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MLFLOW_LOGGING_LEVEL": "WARNING",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
    # With MLflow's default of 7 retries a mistyped address is reported after 256 s (measured).
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "3",
    # MLflow's default of 120 s, after which it tries again, leaves a server that hangs unreported for eight minutes.
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "30",
}

_MAX_CHARACTERS = 300  # of MLflow's message, which may hold a whole HTML page
# Pattern in MLflow's message about a server -> problem and remedy.
_SERVER_PROBLEMS = (
    (r"\b5\d\d (error|!=)", "the server failed", "Read its log"),
    (
        r"\b401\b|UNAUTHENTICATED",
        "the server asks for a login",
        "Set MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD, or MLFLOW_TRACKING_TOKEN",
    ),
    (
        r"\b403\b|PERMISSION_DENIED",
        "the server refuses access",
        "Check the rights of the user, and the server's --allowed-hosts",
    ),
    (r"timed out|timeout", "the server does not answer in time", "Check it, or raise MLFLOW_HTTP_REQUEST_TIMEOUT"),
    (
        r"Max retries exceeded|Connection|resolve",
        "the server cannot be reached",
        "Start it, or check registry.uri and the network",
    ),
    (r"\b404\b|\b30\d\b|Expecting value|JSON", "the address does not answer like MLflow", "Check registry.uri"),
)


class MlflowStore:
    """One MLflow store, opened on first use.

    Importing MLflow takes 2.5 s (1.1 s if TensorFlow is loaded already) and opening a store 1.5 s more, mostly imports;
    creating the tables of a new sqlite file adds 1 to 7 s. So the first call that needs MLflow imports it.

    Args:
        uri: `sqlite:///relative/path`, `sqlite:////absolute/path`, or `http(s)://server`. The files of models are in
            `artifacts` next to the sqlite file, or where the MLflow server puts them.
        experiment: MLflow experiment that holds one MLflow run for each registered version.

    Attributes:
        uri: the address; the path of an sqlite file is absolute.
        database: the sqlite file; None for a server.
        over_http: whether it is an MLflow server.

    Raises:
        RegistryError: the URI is none of these.
    """

    def __init__(self, uri: str, experiment: str = "ner") -> None:
        """Checks the address; opens nothing."""
        scheme = urlsplit(uri).scheme
        no_file = scheme.startswith("sqlite") and not (uri.startswith(_SQLITE) and uri.removeprefix(_SQLITE).strip("/"))
        if not scheme or scheme == "file" or no_file:
            raise RegistryError(
                f"registry.uri {uri!r}: not the address of a registry. Give sqlite:///path/to/registry.db, or the "
                "http(s) address of an MLflow server; MLflow 3 keeps no registry in a folder."
            )
        self.database: Path | None = None
        if uri.startswith(_SQLITE):
            # MLflow would resolve a relative path against the working directory of each process.
            self.database = Path(uri.removeprefix(_SQLITE)).absolute()
            uri = f"{_SQLITE}{self.database}"
        elif scheme not in ("http", "https"):
            raise RegistryError(
                f"registry.uri {uri!r}: a database server does not store model files. Give the address of an MLflow "
                "server (http://...) that uses the database."
            )
        self.uri = uri
        self.over_http = self.database is None
        self._experiment = experiment
        self._client: Any = None
        self._sqlite: SqliteReader | None = None

    @property
    def artifact_folder(self) -> Path:
        """Folder of the model files of an sqlite registry.

        Raises:
            RegistryError: it is not an sqlite registry.
        """
        if self.database is None:
            raise RegistryError(f"registry.uri {self.uri}: has no local folder of model files. Give an sqlite file.")
        return self.database.parent / "artifacts"

    def is_empty(self) -> bool:
        """Returns whether the registry is an sqlite file that does not exist yet; imports nothing."""
        return self.database is not None and not os.path.lexists(self.database)

    def check_ready(self) -> None:
        """Checks that a version can be registered, as far as that is known without writing.

        Raises:
            RegistryError: the store cannot be read or written, or its experiment takes no new runs.
        """
        if self.database is not None:
            # A missing folder is created, and a missing file in it.
            folder = next(path for path in self.database.parents if path.exists())
            for path in [folder] if self.is_empty() else [self.database, self.database.parent]:
                if not is_writable(path):
                    raise RegistryError(
                        f"model registry {self.uri}: {path} cannot be written, so no model can be registered. Change "
                        "its permissions, or give another registry with --set registry.uri=..."
                    )
        if not self.is_empty():
            with self.reader() as reader:
                experiment = reader.experiment(self._experiment)
            if experiment is not None:
                self._check_experiment(experiment)
                if self.database is not None:
                    former_location(self.database, self._experiment, str(self.artifact_folder))

    @contextmanager
    def reader(self) -> Iterator[RegistryReader]:
        """Yields a reader: of the sqlite file if its tables are known, otherwise through MLflow.

        Raises:
            RegistryError: the store cannot be opened or read.
        """
        if self._sqlite is None and self.database is not None and SqliteReader(self.database).supports():
            self._sqlite = SqliteReader(self.database)
        if self._sqlite is None:
            with self.client() as client:
                yield MlflowReader(client)
            return
        try:
            yield self._sqlite
        except sqlite3.Error as error:
            raise self._sqlite.damaged(error) from error

    @contextmanager
    def client(self, *, write: bool = False) -> Iterator[Any]:
        """Yields an open `MlflowClient` and converts its errors.

        Args:
            write: holds the lock of an sqlite file, so that reading, deciding and writing are one step among all
                processes of this machine. Other stores have no such lock.

        Raises:
            RegistryError: the store cannot be opened or refuses a call.
        """
        if self._client is None:
            self._client = self._open()
        from mlflow.exceptions import MlflowException

        with self._lock() if write else nullcontext():
            if write and self.database is not None:
                settle_location(self.database, self._experiment, str(self.artifact_folder))
            try:
                yield self._client
            except MlflowException as error:
                raise self._failure(error) from error

    def _failure(self, error: Any) -> RegistryError:
        """Returns the error for an exception of MLflow, with the remedy if it is a known problem of a server."""
        message = shortened(" ".join(str(error.message).split()), _MAX_CHARACTERS)
        # A server that answers as MLflow does explains itself, except for rights.
        codes = {
            "INTERNAL_ERROR",
            "TEMPORARILY_UNAVAILABLE",
            "UNAUTHENTICATED",
            "PERMISSION_DENIED",
            "ENDPOINT_NOT_FOUND",
        }
        if self.over_http and error.error_code in codes:
            for pattern, problem, remedy in _SERVER_PROBLEMS:
                if re.search(pattern, message):
                    return RegistryError(f"model registry {self.uri}: {problem}. {remedy}. (MLflow: {message})")
        return RegistryError(f"model registry {self.uri}: MLflow failed: {message}")

    def experiment_id(self, client: Any) -> str:
        """Returns the id of the experiment, which it creates with its location of files if absent.

        MLflow binds the location to the experiment at creation. With a local folder each machine that talks to the
        server would store models on its own disk, and a pod would lose them.

        Raises:
            RegistryError: the experiment was deleted, or that of an HTTP server stores into a local folder.
        """
        reader = MlflowReader(client)
        experiment = reader.experiment(self._experiment)
        if experiment is None:
            location = None if self.database is None else str(self.artifact_folder)
            client.create_experiment(self._experiment, artifact_location=location)
            experiment = reader.experiment(self._experiment)
        if experiment is None:
            raise RegistryError(
                f"model registry {self.uri}: MLflow created the experiment {self._experiment!r} and does not find it. "
                "Check that one server answers at this address."
            )
        self._check_experiment(experiment)
        return experiment.id

    def _check_experiment(self, experiment: Experiment) -> None:
        if not experiment.active:
            raise RegistryError(
                f"model registry {self.uri}: MLflow's experiment {self._experiment!r}, which holds the models, was "
                f"deleted, so no model can be registered. Restore it: MLFLOW_TRACKING_URI={self.uri} "
                f"mlflow experiments restore -x {experiment.id}"
            )
        if self.over_http and local_path(experiment.location) is not None:
            raise RegistryError(
                f"registry.uri {self.uri}: experiment {self._experiment!r} of the server stores models in the local "
                f"folder {experiment.location}, which other machines do not see. Start the server with "
                "--artifacts-destination, and use a new experiment."
            )

    def _lock(self) -> Any:
        if self.database is None:
            return nullcontext()
        return locked(self.database.with_name(self.database.name + ".lock"))

    def _check_revision(self, revision: str) -> None:
        """Checks the tables, because MLflow converts those of an old version without asking."""
        installed = _installed_revision()
        if revision != installed:
            raise RegistryError(
                f"model registry {self.uri}: its tables have the revision {revision} of another MLflow version, the "
                f"installed MLflow has {installed}. Install that version, or copy the file and convert it: "
                f"mlflow db upgrade {self.uri}"
            )

    def _open(self) -> Any:
        for key, value in _ENVIRONMENT.items():
            os.environ.setdefault(key, value)
        from mlflow.tracking import MlflowClient

        try:
            if self.database is None:
                return MlflowClient(tracking_uri=self.uri, registry_uri=self.uri)
            # Processes that open an empty sqlite file at once break each other's migration. A registry in a folder
            # that cannot be written, such as a mounted backup, has been migrated.
            with self._lock() if self.is_empty() or is_writable(self.database.parent) else nullcontext():
                if self.is_empty():
                    _create_database(self.database, MlflowClient)
                else:
                    self._check_revision(SqliteReader(self.database).revision())
                return MlflowClient(tracking_uri=self.uri, registry_uri=self.uri)
        except _opening_errors(self.over_http) as error:
            raise RegistryError(
                f"model registry {self.uri}: cannot be opened ({error}). Check the address, and that it is an MLflow "
                "database of the installed MLflow version."
            ) from error


def _installed_revision() -> str:
    """Returns the revision of the tables that the installed MLflow creates."""
    import mlflow.store.db_migrations as migrations
    from alembic.script import ScriptDirectory

    return str(ScriptDirectory(next(iter(migrations.__path__))).get_current_head())


def _opening_errors(over_http: bool) -> tuple[type[Exception], ...]:
    """Returns MLflow's exceptions for a store that cannot be opened; over HTTP SQLAlchemy may be absent."""
    from mlflow.exceptions import MlflowException

    if over_http:
        return (MlflowException,)
    from sqlalchemy.exc import SQLAlchemyError

    return (MlflowException, SQLAlchemyError)


def _create_database(database: Path, client_class: Any) -> None:
    """Creates the tables under a temporary name, so that a killed process leaves no broken registry."""
    incoming = database.with_name(f".incoming-{database.name}")
    for leftover in (incoming, incoming.with_name(incoming.name + "-journal")):
        leftover.unlink(missing_ok=True)
    client_class(tracking_uri=f"{_SQLITE}{incoming}", registry_uri=f"{_SQLITE}{incoming}")
    fsync_path(incoming)
    os.replace(incoming, database)
    fsync_path(database.parent)
