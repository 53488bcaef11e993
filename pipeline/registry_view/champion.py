"""Location of the champion's files."""

from __future__ import annotations

from pathlib import Path

from components.common.errors import NerError
from components.registry.model_registry import ModelRegistry
from components.registry.names import CHAMPION
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
            f"registry {config.registry_uri}: no champion of the model {config.name!r}. "
            "Run `ner run` first, or give another registry with --config or --set registry.uri=..."
        )
    served = config.serving_dir / config.name / str(champion.version)
    if served.is_dir():
        return served
    fetched = config.work_dir / "fetched" / config.name / str(champion.version)
    return fetched if fetched.is_dir() else registry.fetch(champion, fetched)
