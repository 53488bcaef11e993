"""Readers of a registry: through MLflow's client, or directly from its sqlite file.

Importing MLflow takes about 5 s of CPU time, so commands that only read an sqlite file read its tables directly.
docs/decisions/0008-sqlite-reader.md has the measurements and the conditions.
"""

from __future__ import annotations

import functools
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from components.common.files import is_writable, sqlite_connection
from components.registry.errors import RegistryError
from components.registry.names import REGISTERED_TAG
from components.registry.store.location import present_source
from components.registry.store.mlflow_entities import ignoring
from components.registry.store.version import RegisteredVersion


class Experiment(NamedTuple):
    """MLflow experiment, which holds one MLflow run for each registered version.

    Attributes:
        id: number of the experiment, as text.
        location: place of the files of its runs.
        active: False if it was deleted in MLflow, which keeps its data and refuses new runs.
    """

    id: str
    location: str
    active: bool


class StoredRun(NamedTuple):
    """MLflow run that the registry created.

    Attributes:
        id: the run's id.
        uri: location of its files.
        status: `RUNNING`, `FINISHED`, `FAILED` or `KILLED`.
        tags: its tags.
    """

    id: str
    uri: str
    status: str
    tags: Mapping[str, str]


class RegistryReader(Protocol):
    """Interface of both readers. Aliases are MLflow's own, not yet those of the history."""

    def experiment(self, name: str) -> Experiment | None:
        """Returns an experiment, deleted ones included; None if there is none."""

    def names(self) -> list[str]:
        """Returns the names of all registered models, in no order."""

    def has_model(self, name: str) -> bool:
        """Returns whether there is such a registered model, with or without versions."""

    def runs(self, tag: str, value: str) -> list[StoredRun]:
        """Returns the MLflow runs with a tag, oldest first, without deleted ones."""

    def aliases(self, name: str) -> dict[str, int]:
        """Returns alias -> version number; empty if there is no such registered model."""

    def version(self, name: str, number: int) -> RegisteredVersion | None:
        """Returns one version without its aliases; None if it is absent or deleted."""

    def versions(self, name: str, tags: Mapping[str, str] | None = None) -> list[RegisteredVersion]:
        """Returns all versions that have these tags, oldest first, without their aliases."""


class MlflowReader:
    """Reader through an open `MlflowClient`, whose errors it passes on.

    Args:
        client: the client.
    """

    def __init__(self, client: Any) -> None:
        """Stores the client."""
        self._client = client

    def experiment(self, name: str) -> Experiment | None:
        """See `RegistryReader`."""
        experiment = self._client.get_experiment_by_name(name)
        if experiment is None:
            return None
        active = experiment.lifecycle_stage == _ACTIVE
        return Experiment(str(experiment.experiment_id), experiment.artifact_location, active)

    def names(self) -> list[str]:
        """See `RegistryReader`."""
        return [model.name for model in _all_pages(self._client.search_registered_models)]

    def has_model(self, name: str) -> bool:
        """See `RegistryReader`."""
        with ignoring("RESOURCE_DOES_NOT_EXIST"):
            self._client.get_registered_model(name)
            return True
        return False

    def runs(self, tag: str, value: str) -> list[StoredRun]:
        """See `RegistryReader`."""
        experiments = [experiment.experiment_id for experiment in self._client.search_experiments()]
        if not experiments:
            return []
        search = functools.partial(self._client.search_runs, order_by=["attributes.start_time"])
        runs = _all_pages(search, experiments, f"tags.`{tag}` = '{value}'")
        return [StoredRun(run.info.run_id, run.info.artifact_uri, run.info.status, run.data.tags) for run in runs]

    def aliases(self, name: str) -> dict[str, int]:
        """See `RegistryReader`."""
        with ignoring("RESOURCE_DOES_NOT_EXIST"):
            aliases = self._client.get_registered_model(name).aliases
            return {alias: int(number) for alias, number in aliases.items()}
        return {}

    def version(self, name: str, number: int) -> RegisteredVersion | None:
        """See `RegistryReader`."""
        with ignoring("RESOURCE_DOES_NOT_EXIST"):
            return _from_mlflow(self._client.get_model_version(name, str(number)))
        return None

    def versions(self, name: str, tags: Mapping[str, str] | None = None) -> list[RegisteredVersion]:
        """See `RegistryReader`."""
        conditions = [f"name = '{name}'", *(f"tags.`{key}` = '{value}'" for key, value in (tags or {}).items())]
        entries = _all_pages(self._client.search_model_versions, " and ".join(conditions))
        return sorted(map(_from_mlflow, entries), key=lambda version: version.version)


def _all_pages(search: Callable[..., Any], *arguments: Any) -> Iterator[Any]:
    """Yields the results of a search of MLflow's client, page after page."""
    token: str | None = None
    while token != "":
        page = search(*arguments, max_results=_PAGE, page_token=token)
        yield from page
        token = page.token or ""


def _from_mlflow(entry: Any) -> RegisteredVersion:
    return RegisteredVersion(
        name=entry.name,
        version=int(entry.version),  # an int from a database, a str over REST
        aliases=(),
        tags={str(key): str(value) for key, value in entry.tags.items()},
        uri=entry.source,
        run_id=entry.run_id or "",
        created=_created(entry.tags, entry.creation_timestamp),
    )


def _created(tags: Mapping[str, str], milliseconds: int) -> datetime:
    """Returns the time of registration: in the registry that an imported version came from, otherwise in this one."""
    imported = tags.get(REGISTERED_TAG)
    return datetime.fromisoformat(imported) if imported else datetime.fromtimestamp(milliseconds / 1000, timezone.utc)


_PAGE = 1000  # results of one request

MLFLOW_SCHEMAS = {"dc11669786a5": "3.17"}
"""Revision of MLflow's tables -> MLflow version, for each version with which `SqliteReader` was tested."""

_TABLES = frozenset({"alembic_version", "experiments", "registered_models", "model_versions"})  # of every MLflow
_ACTIVE = "active"  # stage of an experiment
_LIVE = "workspace = 'default' AND name = ? AND current_stage != 'Deleted_Internal'"


class SqliteReader:
    """Reader of MLflow's tables in an sqlite file.

    Args:
        database: the sqlite file.
    """

    def __init__(self, database: Path) -> None:
        """Stores the path; opens nothing."""
        self._database = database

    def supports(self) -> bool:
        """Returns whether the file holds the tables of a tested MLflow version; others need `MlflowReader`.

        Raises:
            RegistryError: see `revision`.
        """
        return self.revision() in MLFLOW_SCHEMAS

    def revision(self) -> str:
        """Returns the revision of MLflow's tables.

        MLflow's client creates its tables in every sqlite file that it opens, also in that of another application.

        Raises:
            RegistryError: the file is not an intact database of MLflow.
        """
        if self._database.is_dir():
            raise self._error("is a folder, not the file of a registry")
        if not self._database.exists():
            if not self._database.is_symlink():
                raise RegistryError(
                    f"{self._database}: file not found. Give the registry with --set registry.uri=sqlite:///..."
                )
            raise self._error("is a link to a missing file")
        if self._database.stat().st_size == 0:
            raise self._error("is empty (0 bytes): an interrupted copy or a full disk leaves such a file")
        try:
            with self.connection() as connection:
                tables = {row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
                if not tables >= _TABLES:
                    names = ", ".join(sorted(tables)[:5]) or "none"
                    raise self._error(f"is the database of another application (its tables: {names}), not of MLflow")
                row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
        except sqlite3.Error as error:
            raise self.damaged(error) from error
        if row is None:
            raise self._error("is an incomplete copy of a registry: it has no schema revision")
        return str(row[0])

    def damaged(self, error: sqlite3.Error) -> RegistryError:
        """Returns the error for a file that sqlite cannot read."""
        if isinstance(error, sqlite3.OperationalError):  # locked, no permission, no memory
            return RegistryError(
                f"{self._database}: cannot be read ({error}). Check its permissions, the folder's, and the processes "
                "that use it, and try again."
            )
        return self._error(f"is damaged or not an SQLite database ({error})")

    def _error(self, problem: str) -> RegistryError:
        return RegistryError(
            f"{self._database}: {problem}. Restore a copy of it, give another registry with "
            "--set registry.uri=sqlite:///..., or move it away to begin an empty registry."
        )

    def experiment(self, name: str) -> Experiment | None:
        """See `RegistryReader`."""
        query = "SELECT experiment_id, artifact_location, lifecycle_stage FROM experiments"
        with self.connection() as connection:
            for number, location, stage in connection.execute(
                f"{query} WHERE workspace = 'default' AND name = ?", (name,)
            ):
                return Experiment(str(number), location, stage == _ACTIVE)
        return None

    def names(self) -> list[str]:
        """See `RegistryReader`."""
        with self.connection() as connection:
            return [
                row[0] for row in connection.execute("SELECT name FROM registered_models WHERE workspace = 'default'")
            ]

    def has_model(self, name: str) -> bool:
        """See `RegistryReader`."""
        query = "SELECT 1 FROM registered_models WHERE workspace = 'default' AND name = ?"
        with self.connection() as connection:
            return connection.execute(query, (name,)).fetchone() is not None

    def runs(self, tag: str, value: str) -> list[StoredRun]:
        """See `RegistryReader`."""
        query = (
            "SELECT runs.run_uuid, artifact_uri, status FROM runs JOIN tags ON tags.run_uuid = runs.run_uuid "
            "WHERE lifecycle_stage = ? AND key = ? AND value = ? ORDER BY start_time, runs.run_uuid"
        )
        tags = "SELECT key, value FROM tags WHERE run_uuid = ?"
        with self.connection() as connection:
            rows = connection.execute(query, (_ACTIVE, tag, value)).fetchall()
            return [
                StoredRun(run, uri, status, dict(connection.execute(tags, (run,)).fetchall()))
                for run, uri, status in rows
            ]

    def aliases(self, name: str) -> dict[str, int]:
        """See `RegistryReader`."""
        query = "SELECT alias, version FROM registered_model_aliases WHERE workspace = 'default' AND name = ?"
        with self.connection() as connection:
            return {alias: int(version) for alias, version in connection.execute(query, (name,))}

    def version(self, name: str, number: int) -> RegisteredVersion | None:
        """See `RegistryReader`."""
        with self.connection() as connection:
            return next(iter(self._read(connection, name, "AND version = ?", (number,))), None)

    def versions(self, name: str, tags: Mapping[str, str] | None = None) -> list[RegisteredVersion]:
        """See `RegistryReader`."""
        with self.connection() as connection:
            versions = self._read(connection, name)
        expected = (tags or {}).items()
        return [version for version in versions if all(version.tags.get(key) == value for key, value in expected)]

    @contextmanager
    def connection(self) -> Iterator[sqlite3.Connection]:
        """Yields a connection that cannot write and sees one state of the database."""
        # The file is opened for writing: after a killed writer the first reader rolls the journal back. In a read-only
        # folder sqlite opens it for reading, except with a write-ahead log, whose index is a file as well.
        mode = "ro&immutable=1" if self._has_unwritable_log() else "rw"
        with sqlite_connection(self._database, mode) as connection:
            connection.execute("PRAGMA query_only = ON")
            connection.execute("BEGIN")
            yield connection

    def _has_unwritable_log(self) -> bool:
        """Returns whether the file keeps a write-ahead log, all of it is in the file, and nobody here can add to it."""
        if is_writable(self._database.parent):
            return False
        log = self._database.with_name(self._database.name + "-wal")
        with self._database.open("rb") as file:
            return file.read(20)[18:20] == b"\x02\x02" and not (log.exists() and log.stat().st_size)

    def _read(
        self, connection: sqlite3.Connection, name: str, condition: str = "", values: tuple[int, ...] = ()
    ) -> list[RegisteredVersion]:
        tags: dict[int, dict[str, str]] = {}
        of_name = f"WHERE workspace = 'default' AND name = ? {condition}"
        query = f"SELECT version, key, value FROM model_version_tags {of_name}"
        for version, key, value in connection.execute(query, (name, *values)):
            tags.setdefault(int(version), {})[key] = str(value)
        query = f"SELECT version, source, run_id, creation_time FROM model_versions WHERE {_LIVE} {condition}"
        rows = connection.execute(f"{query} ORDER BY version", (name, *values))
        return [
            RegisteredVersion(
                name=name,
                version=int(version),
                aliases=(),
                tags=tags.get(int(version), {}),
                uri=present_source(self._database, source, run_id or ""),
                run_id=run_id or "",
                created=_created(tags.get(int(version), {}), milliseconds),
            )
            for version, source, run_id, milliseconds in rows
        ]
