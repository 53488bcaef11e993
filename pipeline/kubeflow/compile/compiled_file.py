"""A compiled pipeline as a file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import yaml

from components.common.errors import NerError
from components.common.files import write_atomically


def write_compiled(documents: list[dict[str, Any]], file: Path) -> None:
    """Writes a compiled pipeline: YAML, or JSON where the file's name says so.

    Args:
        documents: one, or two where there is one of what is Kubernetes' own.
        file: is replaced whole, or not at all.

    Raises:
        NerError: JSON cannot hold two documents, or the file cannot be written.
    """
    if file.suffix == ".json":
        if len(documents) > 1:
            raise NerError(
                f"{file}: JSON holds one document, this pipeline has two. Name it .yaml, or add --no-platform."
            )
        text = json.dumps(documents[0], indent=1, sort_keys=True)
    else:
        text = yaml.safe_dump_all(documents, sort_keys=True, allow_unicode=True, width=120)
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(file, text.encode())
    except OSError as error:
        raise NerError(f"{file}: cannot be written ({error.strerror}). Give another file.") from error
