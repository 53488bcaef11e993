"""Files with the labels of classes."""

from __future__ import annotations

import json
from pathlib import Path

from components.exporter.errors import ExportError


def read_labels(file: Path) -> list[str]:
    """Reads one label per line, or a JSON list of texts.

    Raises:
        ExportError: no such file, or a line or label is empty.
    """
    if not file.is_file():
        raise ExportError(f"labels: no such file: {file}. Give a file with one label per line, or a list.")
    try:
        text = file.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise ExportError(f"{file}: not UTF-8 ({error}). Save the file as UTF-8.") from error
    if file.suffix == ".json":
        return _of_json(file, text)
    labels = text.removesuffix("\n").split("\n")
    labels = [label.removesuffix("\r") for label in labels]
    for number, label in enumerate(labels, 1):
        if not label.strip():
            raise ExportError(
                f"{file}:{number}: this line is empty. Line n is the label of class n; remove the line if there is "
                "no such class."
            )
    return labels


def _of_json(file: Path, text: str) -> list[str]:
    try:
        labels = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ExportError(f"{file}: not JSON ({error}). Write a list of texts, or one label per line.") from error
    if not isinstance(labels, list) or not labels or not all(isinstance(each, str) and each.strip() for each in labels):
        raise ExportError(f"{file}: not a list of labels. Write a list of texts, or one label per line.")
    return labels
