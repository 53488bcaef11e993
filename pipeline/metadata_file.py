"""Where the metadata of runs is; apart from the wiring, so that reading it needs no TFX."""

from __future__ import annotations

from configs.spec import PipelineConfig


def metadata_path(config: PipelineConfig) -> str:
    """Returns the sqlite file of ML Metadata; its folder exists afterwards."""
    path = config.work_dir.absolute() / "metadata" / f"{config.name}.sqlite"
    path.parent.mkdir(parents=True, exist_ok=True)
    return str(path)
