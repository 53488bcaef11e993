"""Results on disk: one JSON file a measurement, so that parallel runs never write the same file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from components.common.errors import NerError
from components.common.files import write_atomically

Record = dict[str, Any]


def read_records(folder: Path) -> list[Record]:
    """Returns all measurements of a folder, sorted by file name.

    Raises:
        NerError: a file is damaged.
    """
    return [_read(path) for path in sorted(folder.glob("*.json"))]


def write_json(path: Path, value: Any) -> None:
    """Writes a JSON file as a whole."""
    write_atomically(path, json.dumps(value, indent=1, ensure_ascii=False) + "\n")


def _read(path: Path) -> Record:
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise NerError(f"{path}: not JSON ({error}). Delete the file to measure again.") from None
    if not isinstance(record, dict):
        raise NerError(f"{path}: not a measurement. Delete the file to measure again.")
    return record
