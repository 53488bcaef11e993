"""Metadata store of the runs, checked before it is opened.

ML Metadata fills an empty sqlite file with tables, and fails at a damaged one with an error that names no file.
"""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

from components.common.faults import MachineError, reading
from components.common.files import sqlite_connection

_HEADER = b"SQLite format 3\x00"
_TABLES = frozenset({"Artifact", "Context", "Event", "Execution", "MLMDEnv", "Type"})
_OTHER_PROCESS = ("locked", "busy")  # the other process keeps the store sound


def open_metadata(path: Path, artifacts: Path, *, write: bool = False) -> Any:
    """Opens the metadata store of the runs.

    Args:
        path: the sqlite file, which must exist.
        artifacts: see `require_sound_metadata`.
        write: whether the store can be changed.

    Returns:
        The `MetadataStore` of ML Metadata.

    Raises:
        MachineError: see `require_sound_metadata`.
    """
    from ml_metadata import metadata_store
    from ml_metadata.proto import metadata_store_pb2 as mlmd

    require_sound_metadata(path, artifacts)
    modes = mlmd.SqliteMetadataSourceConfig
    source = modes(filename_uri=str(path), connection_mode=modes.READWRITE if write else modes.READONLY)
    with reading(path):
        return metadata_store.MetadataStore(mlmd.ConnectionConfig(sqlite=source))


def require_sound_metadata(path: Path, artifacts: Path) -> None:
    """Checks the metadata store of the runs.

    Args:
        path: the sqlite file; it may be absent before the first run.
        artifacts: folder of the artifacts, whose numbers the store assigns.

    Raises:
        MachineError: the store is damaged, or artifacts exist without it.
    """
    has_artifacts = artifacts.is_dir() and any(artifacts.iterdir())
    if not path.exists():
        if has_artifacts and (others := sorted(other.stem for other in path.parent.glob("*.sqlite"))):
            raise MachineError(
                f"name: {artifacts.parent} holds the runs of {', '.join(others)}, and those of {path.stem} would "
                "overwrite their artifacts. Give this name another --set work_dir=DIR; registry.uri and "
                "registry.serving_dir may be shared."
            )
        if has_artifacts:
            raise MachineError(
                f"{path}: the metadata of the runs is missing, but {artifacts} holds artifacts. New artifacts would "
                f"mix with them. Restore the file, set the artifacts aside (`mv {artifacts} {artifacts}.aside`) to "
                "start anew, or give another --set work_dir=DIR. The registry and the served versions are not affected."
            )
        return
    problem = _problem(path, has_artifacts)
    if problem:
        aside = f"{path.parent}.aside"
        raise MachineError(
            f"{path}: the metadata of the runs is damaged: {problem}. Restore a copy of it, or set it aside together "
            f"with the artifacts: `mkdir {aside} && mv {path}* {artifacts} {aside}`. The same command then starts "
            "anew; the registry and the served versions are not affected."
        )


def _problem(path: Path, has_artifacts: bool) -> str:
    """Returns the damage in words; "" for a sound store, or one that another process has locked."""
    if not path.is_file():
        return "it is not a file"
    with path.open("rb") as file:
        head = file.read(len(_HEADER))
    if not head:
        # A run that was killed while ML Metadata created the file leaves it empty, before its first artifact.
        return "it is empty" if has_artifacts else ""
    if head != _HEADER:
        return "it is not an sqlite database"
    try:
        with sqlite_connection(path, "rw") as database:
            [report] = database.execute("PRAGMA quick_check(1)").fetchone()
            tables = {name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    except sqlite3.OperationalError as error:
        if any(word in str(error) for word in _OTHER_PROCESS):
            return ""
        raise MachineError(
            f"{path}: cannot be opened ({error}). Check the disk, and this user's rights to the file and its folder."
        ) from error
    except sqlite3.DatabaseError as error:
        return str(error)
    if report != "ok":
        return " ".join(str(report).split())
    if tables and (missing := sorted(_TABLES - tables)):
        ours = "it lacks the tables " + ", ".join(missing)
        return ours if tables & _TABLES else "it holds the tables of another program"
    return ""
