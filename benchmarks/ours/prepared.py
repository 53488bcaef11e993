"""What lies in the folders that the processes of a training hand each other. Imports nothing heavy."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

GRAPH = "graph"
EXPORTED = "exported"
REPORT = "report.json"
REQUEST = "request.json"
SPLITS = ("train", "eval")


def files(folder: Path, split: str) -> list[str]:
    """Returns the transformed examples of a split, gzipped TFRecords."""
    return sorted(str(path) for path in folder.glob(f"{split}-*.gz"))


def read(folder: Path, name: str) -> dict[str, Any]:
    """Reads a folder's `REPORT` or `REQUEST`."""
    return json.loads((folder / name).read_text(encoding="utf-8"))
