"""What the registry is told of a run, beside its scores."""

from __future__ import annotations

import json
from typing import Any

from components.registry.names import NO_VERSION
from configs.spec import PipelineConfig
from pipeline.run.code_version import code_version
from pipeline.run.inputs import RunInputs


def lineage_tags(inputs: RunInputs, baseline: str, force_bless: str, warm_start: bool) -> dict[str, str]:
    """Returns the tags of a version: what made it.

    Args:
        inputs: what the run reads.
        baseline: version that the model is compared with.
        force_bless: reason of a forced blessing; empty: none.
        warm_start: whether the training begins with that version's weights.
    """
    lineage = {
        "run_fingerprint": inputs.fingerprint,
        "baseline_version": baseline,
        "warm_start_version": baseline if warm_start else NO_VERSION,
        "code_version": code_version("components", "configs", "schemas", "pipeline"),
        "schema": inputs.schema_name,
        "corpus_fingerprint": inputs.corpus_fingerprint,
    }
    return {**lineage, "forced_blessing": force_bless} if force_bless else lineage


def flat_settings(config: PipelineConfig) -> dict[str, str]:
    """Returns the settings that shape a model, flat: `trainer.epochs` -> `20`.

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
            flat[prefix] = value if isinstance(value, str) else json.dumps(value)

    add("", sections)
    return flat
