"""Metadata of a work folder that was moved, copied, or is mounted elsewhere.

ML Metadata stores absolute paths. A run that used them would read from, and write into, the folder's former place. So a
reader translates them, and a run rewrites them before its first node (`pipeline.run.work_lock`).
"""

from __future__ import annotations

import contextlib
import re
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from components.common.errors import NerError
from components.common.files import sqlite_connection
from configs.spec import PipelineConfig

# TFX's layout below the pipeline's root: <node>/<output>/<execution>.
_ARTIFACT = re.compile(r"(?P<root>/.*)/artifacts/[^/]+/[^/]+/\d+")
_FOLDERS = r"(?:artifacts|checkpoints|fetched|metadata|registry|sample-\d+|serving)"
# Column -> tables of ML Metadata that hold paths.
_COLUMNS = {"uri": ("Artifact",), "string_value": ("ArtifactProperty", "ExecutionProperty")}


@dataclass(frozen=True)
class Relocation:
    """Former places of a work folder, and its present one.

    Example:
        >>> moved = Relocation("/new/work", ("/old/work",))
        >>> moved.text("/old/work/artifacts/Trainer/model/8"), moved.text("sqlite:////old/work/registry/mlflow.db")
        ('/new/work/artifacts/Trainer/model/8', 'sqlite:////new/work/registry/mlflow.db')

    Attributes:
        root: the work folder.
        former: absolute paths that the metadata name.
    """

    root: str
    former: tuple[str, ...] = ()

    @classmethod
    def of(cls, config: PipelineConfig) -> Relocation:
        """Reads the former places from the metadata of the work folder; none if it has no metadata."""
        root, database = str(config.root), metadata_file(config)
        if not database.is_file():
            return cls(root)
        with _opened(database, "ro") as connection:
            is_new = not connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'Artifact'").fetchone()
            query = "SELECT uri FROM Artifact WHERE uri LIKE '/%'"
            uris = [] if is_new else [uri for (uri,) in connection.execute(query)]
        roots = {match["root"] for uri in uris if (match := _ARTIFACT.fullmatch(uri))}
        return cls(root, tuple(sorted(roots - {root}, key=len, reverse=True)))

    def text(self, value: str) -> str:
        """Returns a text with the present place for each former one."""
        for former in self.former:
            value = _paths_below(former).sub(lambda match: match[1] + self.root, value)
        return value


def without_root(value: str, root: str) -> str:
    """Returns a text without the place of the work folder.

    >>> without_root('{"uri":"sqlite:////a/work/registry/mlflow.db"}', "/a/work")
    '{"uri":"sqlite:///<work_dir>/registry/mlflow.db"}'
    """
    return _paths_below(root).sub(lambda match: f"{match[1]}<work_dir>", value)


def _paths_below(root: str) -> re.Pattern[str]:
    return re.compile(rf"(^|[\"'=,\s]|sqlite:///){re.escape(root)}(?=/{_FOLDERS}(?:[/\"',\s]|$))")


def metadata_file(config: PipelineConfig) -> Path:
    """Returns the sqlite file of ML Metadata, which need not exist."""
    return config.root / "metadata" / f"{config.name}.sqlite"


def rewrite_metadata(config: PipelineConfig) -> None:
    """Replaces former paths in the metadata by present ones; the caller holds the lock of the work folder."""
    relocation = Relocation.of(config)
    with _opened(metadata_file(config), "rw") as connection, connection:
        connection.create_function("relocated", 1, relocation.text, deterministic=True)
        for column, tables in _COLUMNS.items():
            for table in tables:
                # Times of update stay: TFX's cache compares them.
                connection.execute(
                    f"UPDATE {table} SET {column} = relocated({column}) "
                    f"WHERE {column} LIKE '%/%' AND relocated({column}) != {column}"
                )


@contextlib.contextmanager
def _opened(database: Path, mode: str) -> Iterator[sqlite3.Connection]:
    try:
        with sqlite_connection(database, mode) as connection:
            yield connection
    except sqlite3.Error as error:
        raise NerError(
            f"{database}: the metadata of the runs cannot be read or written ({error}). Check the permissions of the "
            "folder and the processes that use it, or restore a copy of the file. Without it every node runs again."
        ) from error
