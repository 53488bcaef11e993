"""Files that a run reads: gazetteers, word vectors, encoders, a teacher with its texts, and those that options name."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from components.common.errors import NerError
from components.common.faults import reading
from components.common.hashing import content_version
from components.keys import MODEL_FILE, TRAINED_MODEL_FILE, TRANSFORM_GRAPH_FILE
from components.model.encoder_preset import check_preset, require_libraries
from components.registry.errors import RegistryError
from components.registry.model_registry import ModelRegistry
from components.registry.names import CHAMPION
from components.transform.clusters import Clusters
from components.transform.vector_file import VectorFile
from configs.spec import PipelineConfig
from pipeline.unlabelled import gather_texts

TRANSFORM = "transform."
"""Begin of the names of the parts that only Transform reads, which are dotted names of settings."""
_URI = re.compile(r"models:/(?P<name>[^/@]+)[/@](?P<version>[^/@]+)")
_FORMS = (
    "Give a version or an alias of the registered model, models:/NAME/VERSION, a work folder, or the folder of a "
    "trained model."
)


def pretrained_parts(config: PipelineConfig) -> dict[str, dict[str, Any]]:
    """Returns the tagger's pretrained parts and the files of names and clusters, each with the version of its files.

    Options of a tagger by path count as such a part if they name an existing file or folder; `teacher` and `unlabelled`
    are the folder and the file that the run prepares. The result is empty without such parts. A path that is not on
    this machine has no version: a pipeline may be compiled on another machine than it runs on.

    Raises:
        NerError: the teacher or a file of texts cannot be read.
    """
    parts: dict[str, dict[str, Any]] = dict(config.trainer.pretrained)
    if config.trainer.tagger_package:
        parts |= {
            name: {"path": text} for name, text in _texts("", config.trainer.tagger_options) if Path(text).exists()
        }
    parts |= {name: {"path": path} for name, path in transform_files(config).items()}
    parts |= _teaching(config)
    return {
        part: {**values, "version": content_version(str(values.get("path") or values.get("preset")))}
        for part, values in parts.items()
    }


def transform_files(config: PipelineConfig) -> dict[str, str]:
    """Returns the paths of the files that only Transform reads, by setting."""
    gazetteers = enumerate(config.transform.gazetteers)
    files = {f"{TRANSFORM}gazetteers.{number}.path": gazetteer.path for number, gazetteer in gazetteers}
    return files | ({f"{TRANSFORM}clusters": config.transform.clusters} if config.transform.clusters else {})


def _teaching(config: PipelineConfig) -> dict[str, dict[str, Any]]:
    """Returns `path` of the teacher's folder and of the file with the texts, as `teacher` and `unlabelled`.

    Args:
        config: the whole configuration. The result is empty without `trainer.teacher`.

    Raises:
        NerError: the teacher does not exist, or a text cannot be read.
    """
    if config.trainer.teacher is None:
        return {}
    folder = _teacher_folder(config.trainer.teacher, config)
    texts = gather_texts(
        config.trainer.unlabelled, config.corpus, config.root / "unlabelled", labelled=config.corpus.path
    )
    return {"teacher": {"path": str(folder)}, "unlabelled": {"path": str(texts)}}


def _teacher_folder(reference: str, config: PipelineConfig) -> Path:
    """Returns the folder of the trained model that a reference names.

    Args:
        reference: value of `trainer.teacher`.
        config: names the registry of versions and aliases.

    Raises:
        NerError: there is no such model, or its files are missing or damaged.
    """
    path = Path(reference).expanduser()
    if (path / MODEL_FILE).is_file():
        return _complete(path.absolute())
    name, version = config.name, reference
    if match := _URI.fullmatch(reference):
        name, version = match["name"], match["version"]
    elif (own := config.of_work_folder(path)) is not None:
        config = own
        names = ModelRegistry(config.registry_uri).names()
        name, version = names[0] if len(names) == 1 else config.name, CHAMPION
    elif "/" in reference or path.exists():
        problem = f"holds no {MODEL_FILE}" if path.exists() else "does not exist"
        raise NerError(f"trainer.teacher: {reference} {problem}. {_FORMS}")
    registry = ModelRegistry(config.registry_uri)
    try:
        model = registry.require(name, version)
    except RegistryError as error:
        raise NerError(f"trainer.teacher: {error}") from error
    folder = registry.readable_trained(model, config.fetched_dir / name / f"{model.version}-trained")
    if folder is None:
        raise NerError(f"trainer.teacher: {name} version {model.version} has no trained model. {_FORMS}")
    return _complete(folder.absolute())


def _complete(folder: Path) -> Path:
    if missing := [name for name in (TRAINED_MODEL_FILE, TRANSFORM_GRAPH_FILE) if not (folder / name).is_file()]:
        raise NerError(
            f"trainer.teacher: {folder} has no {' and no '.join(missing)}: an earlier version of the code wrote it, or "
            "it is not complete. Train the teacher again."
        )
    return folder


def teacher_tags(folder: Path) -> tuple[str, ...]:
    """Returns the tags of a trained model, without TensorFlow.

    Raises:
        MachineError: its description is damaged.
    """
    path = folder / TRAINED_MODEL_FILE
    with reading(path):
        return tuple(json.loads(path.read_text(encoding="utf-8"))["tags"])


def _texts(name: str, value: Any) -> Iterator[tuple[str, str]]:
    """Yields the texts in a value by dotted name."""
    items: Any = value.items() if isinstance(value, Mapping) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield from _texts(f"{name}.{key}" if name else str(key), inner)
    if isinstance(value, str) and value:
        yield name, value


def require_pretrained(config: PipelineConfig) -> None:
    """Checks a tagger by path, the files, and an encoder with its libraries before anything runs.

    Of word vectors only the first line is read, because a file may have gigabytes.

    Raises:
        NerError: the tagger is not valid, a file or a library is missing, or a file or the encoder cannot be used.
    """
    if config.trainer.tagger_package:
        from components.model.taggers import tagger_class

        tagger_class(config.trainer.tagger, config.trainer.tagger_options)
    if encoder := config.trainer.pretrained.get("encoder"):
        require_libraries(encoder["preset"])
        check_preset(encoder["preset"], config.trainer.window_size)
    vectors = config.trainer.pretrained.get("vectors")
    files = {"trainer.cnn_linear.vectors.path": vectors["path"]} if vectors else {}
    for name, path in {**files, **transform_files(config)}.items():
        if "://" not in path and not Path(path).is_file():
            problem = "is not a file" if Path(path).exists() else "does not exist"
            raise NerError(f"{name}: {path} {problem}. Name a text file, or remove the setting.")
    if vectors and "://" not in vectors["path"]:
        VectorFile(vectors["path"])
    clusters = config.transform.clusters
    if clusters and "://" not in clusters:
        Clusters.check(clusters)
    for gazetteer in config.transform.gazetteers:
        if "://" not in gazetteer.path:
            from components.transform.gazetteers import Gazetteers  # imports TensorFlow

            Gazetteers.check(gazetteer.path)


def require_preset_for_cluster(config: PipelineConfig) -> None:
    """Checks the folder of an encoder if this machine has it; libraries and other paths are those of the image.

    Raises:
        NerError: see `check_preset`.
    """
    preset = config.trainer.pretrained.get("encoder", {}).get("preset")
    if preset and Path(preset).exists():
        check_preset(preset, config.trainer.window_size)
