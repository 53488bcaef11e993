"""Where the metadata of runs is; apart from the wiring, so that reading it needs no TFX."""

from __future__ import annotations

from pathlib import Path

from configs.spec import PipelineConfig


def metadata_file(config: PipelineConfig) -> Path:
    """Returns the sqlite file of ML Metadata; it need not exist."""
    return config.work_dir.absolute() / "metadata" / f"{config.name}.sqlite"


def metadata_path(config: PipelineConfig) -> str:
    """Returns the same for who writes: its folder exists afterwards."""
    path = metadata_file(config)
    path.parent.mkdir(parents=True, exist_ok=True)
    return str(path)
