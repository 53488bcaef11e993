"""Settings of the model registry: the section `registry` of the configuration."""

from __future__ import annotations

from pathlib import Path

from components.common.settings import NotNegative, Settings


class RegistrySettings(Settings):
    """Location of the registry and of the serving directory; configs/base.yaml explains each setting."""

    uri: str | None
    serving_dir: Path | None
    keep_versions: NotNegative
