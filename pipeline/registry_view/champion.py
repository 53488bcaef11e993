"""Finds the champion's files."""

from __future__ import annotations

from pathlib import Path

from components.common.errors import NerError
from components.registry.names import CHAMPION
from components.registry.store.model_registry import ModelRegistry
from configs.spec import PipelineConfig


def champion_folder(config: PipelineConfig) -> Path:
    """Returns the folder of the champion's SavedModel: the served copy, or one fetched from the registry.

    Raises:
        NerError: the registry has no champion of that name.
    """
    registry = ModelRegistry(config.registry_uri)
    champion = registry.get(config.name, CHAMPION)
    if champion is None:
        raise NerError(
            f"the registry {config.registry_uri} has no champion of the model {config.name!r}: "
            "run `ner run` first, or name another registry with --config or --set registry.uri=..."
        )
    served = config.serving_dir / config.name / str(champion.version)
    if served.is_dir():
        return served
    fetched = config.work_dir / "fetched" / config.name / str(champion.version)
    return fetched if fetched.is_dir() else registry.fetch(champion, fetched)
