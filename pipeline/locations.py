"""Where a run keeps what is not an artifact; no TFX here, whose import takes seconds."""

from __future__ import annotations

from pathlib import Path

from configs.spec import PipelineConfig


def metadata_file(config: PipelineConfig) -> Path:
    """The sqlite file of ML Metadata; it need not exist."""
    return config.work_dir.absolute() / "metadata" / f"{config.name}.sqlite"
