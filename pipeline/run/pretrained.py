"""Pretrained word vectors and encoders, read from a path."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from components.common.errors import NerError
from components.common.hashing import content_version
from configs.spec import PipelineConfig


def pretrained(config: PipelineConfig) -> dict[str, dict[str, Any]]:
    """Returns the settings of the tagger's pretrained parts with the version of their files.

    The result is empty for a tagger without pretrained parts. A path that is not on this machine has no version: a
    pipeline may be compiled on another machine than it runs on.
    """
    return {
        part: {**values, "version": content_version(str(values.get("path") or values.get("preset")))}
        for part, values in config.trainer.pretrained.items()
    }


def require_pretrained(config: PipelineConfig) -> None:
    """Checks a tagger by path and the file of the vectors before anything runs; presets are not looked up.

    Raises:
        NerError: the tagger is not valid, or the file does not exist.
    """
    if config.trainer.tagger_package:
        from components.model.taggers import tagger_class

        tagger_class(config.trainer.tagger, config.trainer.tagger_options)
    path = config.trainer.pretrained.get("vectors", {}).get("path")
    if path and "://" not in path and not Path(path).is_file():
        raise NerError(
            f"trainer.cnn_linear.vectors.path: {path} does not exist. Name a text file of word vectors, or set it to "
            "null."
        )
