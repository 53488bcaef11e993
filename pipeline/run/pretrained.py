"""What was pretrained elsewhere and is read from a path: vectors, an encoder."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from components.common.errors import NerError
from components.common.file_version import file_version
from configs.spec import PipelineConfig


def pretrained(config: PipelineConfig) -> dict[str, dict[str, Any]]:
    """Returns what preprocessing must know of the tagger's pretrained parts, with a version of their files.

    Empty where the tagger has none. A path that is not on this machine has no version: a pipeline may be compiled
    where it does not run.
    """
    return {
        part: {**values, "version": file_version(str(values.get("path") or values.get("preset")))}
        for part, values in config.trainer.pretrained.items()
    }


def require_pretrained(config: PipelineConfig) -> None:
    """Looks for the file before anything runs, so that a wrong path is named at once.

    Raises:
        NerError: there is no such file. The name of a preset is not looked up.
    """
    path = config.trainer.pretrained.get("vectors", {}).get("path")
    if path and "://" not in path and not Path(path).is_file():
        raise NerError(
            f"[trainer -> cnn_linear -> vectors -> path] there is no file {path}; name a text file of word vectors, "
            "or set it to null"
        )
