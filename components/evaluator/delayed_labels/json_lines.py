"""Reads files of JSON objects, one a line."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from components.evaluator.errors import EvaluationError


def read_json_lines(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yields (1-based line, object) of a file; `.gz` is unpacked, empty lines are left out.

    Raises:
        EvaluationError: the file cannot be read, or a line is no JSON object.
    """
    try:
        with gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb") as file:
            for number, line in enumerate(file, start=1):
                if line.strip():
                    yield number, _parse(path, number, line)
    except OSError as error:
        raise EvaluationError(
            f"{path}: cannot be read ({error.strerror or error}); give a file of JSON lines"
        ) from error


def _parse(path: Path, number: int, line: bytes) -> dict[str, Any]:
    try:
        record = json.loads(line)
    except ValueError as error:  # bytes that are no UTF-8, too
        raise EvaluationError(f"{path}:{number}: is no whole JSON value ({error}); write one object a line") from error
    if not isinstance(record, dict):
        raise EvaluationError(f"{path}:{number}: is a JSON {type(record).__name__}; write one object a line")
    return record
