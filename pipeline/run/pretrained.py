"""Files that a run reads: gazetteers, word vectors, encoders, and those that options of a tagger by path name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from components.common.errors import NerError
from components.common.hashing import content_version
from components.model.encoder_library import check_preset, require_libraries
from configs.spec import PipelineConfig

TRANSFORM = "transform."
"""Begin of the names of the parts that only Transform reads, which are dotted names of settings."""


def pretrained(config: PipelineConfig) -> dict[str, dict[str, Any]]:
    """Returns the tagger's pretrained parts and the files of names and clusters, each with the version of its files.

    Options of a tagger by path count as such a part if they name an existing file or folder. The result is empty for a
    tagger without pretrained parts and no such files. A path that is not on this machine has no version: a pipeline may
    be compiled on another machine than it runs on.
    """
    parts: dict[str, dict[str, Any]] = dict(config.trainer.pretrained)
    if config.trainer.tagger_package:
        parts |= {
            name: {"path": text} for name, text in _texts("", config.trainer.tagger_options) if Path(text).exists()
        }
    parts |= {name: {"path": path} for name, path in transform_files(config).items()}
    return {
        part: {**values, "version": content_version(str(values.get("path") or values.get("preset")))}
        for part, values in parts.items()
    }


def transform_files(config: PipelineConfig) -> dict[str, str]:
    """Returns the paths of the files that only Transform reads, by setting."""
    gazetteers = enumerate(config.transform.gazetteers)
    files = {f"{TRANSFORM}gazetteers.{number}.path": gazetteer.path for number, gazetteer in gazetteers}
    return files | ({f"{TRANSFORM}clusters": config.transform.clusters} if config.transform.clusters else {})


def _texts(name: str, value: Any) -> Iterator[tuple[str, str]]:
    """Yields the texts in a value by dotted name."""
    items: Any = value.items() if isinstance(value, Mapping) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield from _texts(f"{name}.{key}" if name else str(key), inner)
    if isinstance(value, str) and value:
        yield name, value


def require_pretrained(config: PipelineConfig) -> None:
    """Checks a tagger by path, the files, and an encoder with its libraries before anything runs.

    Raises:
        NerError: the tagger is not valid, a file or a library is missing, or the encoder is not supported.
    """
    if config.trainer.tagger_package:
        from components.model.taggers import tagger_class

        tagger_class(config.trainer.tagger, config.trainer.tagger_options)
    if encoder := config.trainer.pretrained.get("encoder"):
        require_libraries(encoder["preset"])
        check_preset(encoder["preset"], config.trainer.window_size)
    path = config.trainer.pretrained.get("vectors", {}).get("path")
    if path and "://" not in path and not Path(path).is_file():
        raise NerError(
            f"trainer.cnn_linear.vectors.path: {path} does not exist. Name a text file of word vectors, or set it to "
            "null."
        )
    for name, path in transform_files(config).items():
        if "://" not in path and not Path(path).is_file():
            raise NerError(f"{name}: {path} does not exist. Name a text file, or remove the setting.")


def require_preset_for_cluster(config: PipelineConfig) -> None:
    """Checks the folder of an encoder if this machine has it; libraries and other paths are those of the image.

    Raises:
        NerError: see `check_preset`.
    """
    preset = config.trainer.pretrained.get("encoder", {}).get("preset")
    if preset and Path(preset).exists():
        check_preset(preset, config.trainer.window_size)
