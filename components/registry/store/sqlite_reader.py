"""Reads a registry in an sqlite file without importing MLflow, which takes seconds.

Only reads, and only what `RegistryReader` needs. The tables are MLflow's own affair, so `supports` looks whether they
are as expected; where they are not, the registry is read through MLflow's client.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote

from components.registry.store.registered_version import RegisteredVersion

_TABLES = {
    "model_versions": {"workspace", "name", "version", "creation_time", "current_stage", "source", "run_id"},
    "model_version_tags": {"workspace", "name", "version", "key", "value"},
    "registered_model_aliases": {"workspace", "name", "alias", "version"},
}
_LIVE = "workspace = 'default' AND name = ? AND current_stage != 'Deleted_Internal'"
_SECONDS_TO_WAIT = 20  # for a writer to commit, as MLflow does


class SqliteReader:
    """A `RegistryReader` over MLflow's tables.

    Args:
        database: The sqlite file.
    """

    def __init__(self, database: Path) -> None:
        """Keeps the path; opens nothing."""
        self._database = database

    def supports(self) -> bool:
        """Whether the file is a database with the tables and columns that are read here."""
        try:
            with self._connection() as connection:
                for table, needed in _TABLES.items():
                    if needed - {row[1] for row in connection.execute(f"PRAGMA table_info({table})")}:
                        return False
        except sqlite3.Error:
            return False  # MLflow will say what is the matter
        return True

    def aliases(self, name: str) -> dict[str, int]:
        """See `RegistryReader`."""
        query = "SELECT alias, version FROM registered_model_aliases WHERE workspace = 'default' AND name = ?"
        with self._connection() as connection:
            return {alias: int(version) for alias, version in connection.execute(query, (name,))}

    def version(self, name: str, number: int) -> RegisteredVersion | None:
        """See `RegistryReader`."""
        with self._connection() as connection:
            return next(iter(_read(connection, name, "AND version = ?", (number,))), None)

    def versions(self, name: str, tags: Mapping[str, str] | None = None) -> list[RegisteredVersion]:
        """See `RegistryReader`."""
        with self._connection() as connection:
            found = _read(connection, name)
        return [one for one in found if all(one.tags.get(key) == value for key, value in (tags or {}).items())]

    @contextmanager
    def _connection(self) -> Iterator[sqlite3.Connection]:
        # Not read-only: after a killed writer the first reader has to roll its journal back.
        uri = f"file:{quote(str(self._database))}?mode=rw"
        with closing(sqlite3.connect(uri, uri=True, timeout=_SECONDS_TO_WAIT)) as connection:
            connection.execute("PRAGMA query_only = ON")
            connection.execute("BEGIN")  # one state for all queries
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
