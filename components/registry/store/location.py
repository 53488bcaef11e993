"""Location of the model files of a registry in an sqlite file that was moved or copied.

MLflow stores absolute paths. A registry that followed them would read from, and store new versions into, the folder in
which it was created. The files belong next to the sqlite file, so readers look there first, and a writer corrects the
paths.
"""

from __future__ import annotations

from pathlib import Path
from urllib.parse import unquote, urlsplit

from components.common.files import sqlite_connection
from components.registry.errors import RegistryError
from components.registry.names import UPLOAD_TAG

# Columns of MLflow's tables that hold locations; those that a version of MLflow lacks are skipped.
_COLUMNS = (
    ("experiments", "artifact_location"),
    ("runs", "artifact_uri"),
    ("model_versions", "source"),
    ("model_versions", "storage_location"),
    ("logged_models", "artifact_location"),
)


def local_path(uri: str) -> Path | None:
    """Returns the local folder of an artifact location; None for a server or an object store.

    >>> local_path("file:///models/1"), local_path("s3://bucket/1")
    (PosixPath('/models/1'), None)
    """
    parts = urlsplit(uri)
    if parts.scheme == "file":
        return Path(unquote(parts.path))
    return None if parts.scheme else Path(uri)


def present_source(database: Path, source: str, run_id: str) -> str:
    """Returns the source of a version: its folder next to the sqlite file if that exists, otherwise as stored."""
    own = database.parent / "artifacts" / run_id / "artifacts" / source.rpartition("/")[2]
    return str(own) if run_id and local_path(source) not in (None, own) and own.is_dir() else source


def former_location(database: Path, experiment: str, location: str) -> str | None:
    """Returns the location of an experiment in a registry that was moved or copied; None if it is the present one.

    Args:
        database: the sqlite file.
        experiment: name of the experiment.
        location: present location of the files.

    Raises:
        RegistryError: the experiment stores into another folder, and the files are not in the present one.
    """
    with sqlite_connection(database, "ro") as connection:
        query = "SELECT experiment_id, artifact_location FROM experiments WHERE name = ?"
        row = connection.execute(query, (experiment,)).fetchone()
        if row is None:
            return None
        query = "SELECT runs.run_uuid FROM runs JOIN tags ON tags.run_uuid = runs.run_uuid AND key = ?"
        uploads = connection.execute(f"{query} WHERE experiment_id = ?", (UPLOAD_TAG, *row[:1]))
        runs = [run for (run,) in uploads]  # others may have no files
    stored, present = str(row[1]), Path(location)
    folder = local_path(stored)
    if folder is None or folder.resolve() == present.resolve() or local_path(location) is None:
        return None
    if runs and not any((present / run).is_dir() for run in runs):
        raise RegistryError(
            f"model registry {database}: its experiment {experiment!r} stores models in {stored}, which is not the "
            f"folder next to it. Copy that folder to {present}, or give the registry at its own place with "
            "--set registry.uri=sqlite:///..."
        )
    return stored


def settle_location(database: Path, experiment: str, location: str) -> None:
    """Corrects the paths of a registry that was moved or copied; the caller holds the lock of writers.

    Raises:
        RegistryError: see `former_location`.
    """
    former = former_location(database, experiment, location)
    if former is None:
        return
    with sqlite_connection(database, "rw") as connection, connection:
        for table, column in _COLUMNS:
            if column in {row[1] for row in connection.execute(f"PRAGMA table_info({table})")}:
                connection.execute(
                    f"UPDATE {table} SET {column} = ? || substr({column}, ?) WHERE {column} = ? OR {column} LIKE ?",
                    (location, len(former) + 1, former, f"{former}/%"),
                )
