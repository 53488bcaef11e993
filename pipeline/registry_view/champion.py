"""Location of a version's files, to read."""

from __future__ import annotations

from pathlib import Path

from components.common.errors import NerError
from components.registry.model_registry import ModelRegistry
from components.registry.names import CHAMPION
from components.registry.serving_directory.serving_directory import models_config
from components.registry.serving_directory.serving_sync import check_served
from components.registry.store.version import RegisteredVersion
from configs.spec import PipelineConfig


def champion(config: PipelineConfig, registry: ModelRegistry) -> RegisteredVersion:
    """Returns the champion.

    Raises:
        NerError: the registry has no champion of that name.
    """
    version = registry.get(config.name, CHAMPION)
    if version is None:
        raise NerError(
            f"registry {config.registry_uri}: no champion of the model {config.name!r}. "
            "Run `ner run` first, or give another registry with --config or --set registry.uri=..."
        )
    return version


def version_folder(config: PipelineConfig, registry: ModelRegistry, version: RegisteredVersion) -> Path:
    """Returns a folder with the SavedModel of a version, all of whose files were checked.

    It is the served copy, or without one the files of the registry. Only a download from a remote registry writes, into
    `fetched` in the work folder.

    Raises:
        NerError: the served copy or the files of the registry are missing or damaged.
    """
    served = check_served(version, config.serving_dir)
    if served is not None:
        return served
    if version.version in models_config(config.serving_dir, config.name)[0]:
        raise NerError(
            f"{config.serving_dir / config.name / str(version.version)}: is missing, but models.config offers this "
            "version. `ner registry sync --repair` lays it out again."
        )
    return registry.readable(version, config.work_dir / "fetched" / config.name / str(version.version))


def champion_folder(config: PipelineConfig) -> Path:
    """Returns the folder of the champion's SavedModel; see `version_folder`.

    Raises:
        NerError: there is no champion, or its files are missing or damaged.
    """
    registry = ModelRegistry(config.registry_uri)
    return version_folder(config, registry, champion(config, registry))
