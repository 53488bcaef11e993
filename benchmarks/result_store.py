"""Results on disk: one JSON file a measurement, so that runs in parallel never write the same file."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from components.common.errors import NerError

Record = dict[str, Any]


class ResultStore:
    """A folder of measurements; each has a name and the fingerprint of what was measured."""

    def __init__(self, folder: Path) -> None:
        """Names the folder, which is made when something is written."""
        self._folder = folder

    def get(self, name: str, fingerprint: str) -> Record | None:
        """Returns a measurement, None when it is missing or was made with other settings, code or data.

        Raises:
            NerError: its file is damaged.
        """
        path = self._path(name)
        if not path.exists():
            return None
        record = _read(path)
        return record if record.get("fingerprint") == fingerprint else None

    def put(self, name: str, record: Mapping[str, Any]) -> None:
        """Writes a measurement, in the place of an older one of the same name."""
        write_json(self._path(name), record)

    def all(self) -> list[Record]:
        """Returns all measurements, sorted by name.

        Raises:
            NerError: a file is damaged.
        """
        return [_read(path) for path in sorted(self._folder.glob("*.json"))]

    def _path(self, name: str) -> Path:
        return self._folder / f"{name}.json"


def write_json(path: Path, value: Any) -> None:
    """Writes a whole file or nothing: under another name, to the disk, then renamed."""
    write_text(path, json.dumps(value, indent=1, ensure_ascii=False) + "\n")


def write_text(path: Path, text: str) -> None:
    """Writes a whole text file or nothing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    with temporary.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)


def _read(path: Path) -> Record:
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise NerError(f"{path}: is no JSON ({error}); delete it to have it measured again") from None
    if not isinstance(record, dict):
        raise NerError(f"{path}: holds no measurement; delete it to have it measured again")
    return record
