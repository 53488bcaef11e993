"""Lineage and settings that the registry stores with a version."""

from __future__ import annotations

from typing import Any

from components.common.dotted_path import package_hash
from components.registry import names
from components.registry.store.version import as_text
from configs.spec import PipelineConfig
from pipeline.run.inputs import RunInputs
from pipeline.run.request import RunRequest


def lineage_tags(inputs: RunInputs, request: RunRequest) -> dict[str, str]:
    """Returns the lineage tags of a version.

    Args:
        inputs: corpus and schema of the run.
        request: choices of the run.
    """
    lineage = {
        names.RUN_FINGERPRINT_TAG: inputs.fingerprint,
        names.BASELINE_VERSION_TAG: request.baseline,
        names.WARM_START_TAG: request.baseline if request.warm_start else names.NO_VERSION,
        "code_version": package_hash("components", "configs", "schemas", "pipeline"),
        "schema": inputs.schema_name,
    }
    return {**lineage, names.FORCED_BLESSING_TAG: request.force_bless} if request.force_bless else lineage


def flat_settings(config: PipelineConfig) -> dict[str, str]:
    """Returns the settings that shape a model by dotted name, for example `trainer.epochs` -> `20`.

    Args:
        config: the whole configuration.
    """
    sections = config.model_dump(
        mode="json", by_alias=True, exclude={"work_dir", "registry", "drift", "retrain", "beam", "card"}
    )
    flat: dict[str, str] = {}

    def add(prefix: str, value: Any) -> None:
        if isinstance(value, dict) and value:
            for key, inner in value.items():
                add(f"{prefix}.{key}" if prefix else key, inner)
        else:
            flat[prefix] = as_text(value)

    add("", sections)
    return flat
