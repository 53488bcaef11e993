"""Readers of a registry: through MLflow's client, or directly from its sqlite file.

Importing MLflow takes about 5 s of CPU time, so commands that only read an sqlite file read its tables directly.
docs/decisions/0008-sqlite-reader.md has the measurements and the conditions.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import quote

from components.registry.store.mlflow_entities import ignoring
from components.registry.store.version import RegisteredVersion


class RegistryReader(Protocol):
    """Interface of both readers. Aliases are MLflow's own, not yet those of the history."""

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

    _PAGE = 1000

    def __init__(self, client: Any) -> None:
        """Stores the client."""
        self._client = client

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
        query = " and ".join(conditions)
        versions: list[RegisteredVersion] = []
        token = None
        while True:
            page = self._client.search_model_versions(query, max_results=self._PAGE, page_token=token)
            versions += [_from_mlflow(entry) for entry in page]
            token = page.token
            if not token:
                return sorted(versions, key=lambda version: version.version)


def _from_mlflow(entry: Any) -> RegisteredVersion:
    return RegisteredVersion(
        name=entry.name,
        version=int(entry.version),  # an int from a database, a str over REST
        aliases=(),
        tags={str(key): str(value) for key, value in entry.tags.items()},
        uri=entry.source,
        run_id=entry.run_id or "",
        created=datetime.fromtimestamp(entry.creation_timestamp / 1000, UTC),
    )


MLFLOW_SCHEMAS = {"dc11669786a5": "3.17"}
"""Revision of MLflow's tables -> MLflow version, for each version with which `SqliteReader` was tested."""

_LIVE = "workspace = 'default' AND name = ? AND current_stage != 'Deleted_Internal'"
_WAIT_SECONDS = 20  # for a writer to commit, as MLflow does


class SqliteReader:
    """Reader of MLflow's tables in an sqlite file.

    Args:
        database: the sqlite file.
    """

    def __init__(self, database: Path) -> None:
        """Stores the path; opens nothing."""
        self._database = database

    def supports(self) -> bool:
        """Returns whether the file holds the tables of a tested MLflow version; others need `MlflowReader`."""
        try:
            with self.connection() as connection:
                return connection.execute("SELECT version_num FROM alembic_version").fetchone()[0] in MLFLOW_SCHEMAS
        except (sqlite3.Error, TypeError):
            return False  # MLflow reports the problem

    def aliases(self, name: str) -> dict[str, int]:
        """See `RegistryReader`."""
        query = "SELECT alias, version FROM registered_model_aliases WHERE workspace = 'default' AND name = ?"
        with self.connection() as connection:
            return {alias: int(version) for alias, version in connection.execute(query, (name,))}

    def version(self, name: str, number: int) -> RegisteredVersion | None:
        """See `RegistryReader`."""
        with self.connection() as connection:
            return next(iter(_read(connection, name, "AND version = ?", (number,))), None)

    def versions(self, name: str, tags: Mapping[str, str] | None = None) -> list[RegisteredVersion]:
        """See `RegistryReader`."""
        with self.connection() as connection:
            versions = _read(connection, name)
        expected = (tags or {}).items()
        return [version for version in versions if all(version.tags.get(key) == value for key, value in expected)]

    @contextmanager
    def connection(self) -> Iterator[sqlite3.Connection]:
        """Yields a connection that cannot write and sees one state of the database."""
        # The file is opened for writing: after a killed writer the first reader rolls the journal back.
        uri = f"file:{quote(str(self._database))}?mode=rw"
        with closing(sqlite3.connect(uri, uri=True, timeout=_WAIT_SECONDS)) as connection:
            connection.execute("PRAGMA query_only = ON")
            connection.execute("BEGIN")
            yield connection


def _read(
    connection: sqlite3.Connection, name: str, condition: str = "", values: tuple[int, ...] = ()
) -> list[RegisteredVersion]:
    tags: dict[int, dict[str, str]] = {}
    query = f"SELECT version, key, value FROM model_version_tags WHERE workspace = 'default' AND name = ? {condition}"
    for version, key, value in connection.execute(query, (name, *values)):
        tags.setdefault(int(version), {})[key] = str(value)
    query = f"SELECT version, source, run_id, creation_time FROM model_versions WHERE {_LIVE} {condition}"
    return [
        RegisteredVersion(
            name=name,
            version=int(version),
            aliases=(),
            tags=tags.get(int(version), {}),
            uri=source,
            run_id=run_id or "",
            created=datetime.fromtimestamp(milliseconds / 1000, UTC),
        )
        for version, source, run_id, milliseconds in connection.execute(f"{query} ORDER BY version", (name, *values))
    ]
