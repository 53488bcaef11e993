"""Runs `push` on TFX artifacts."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

from absl import logging
from tfx.components.util import model_utils
from tfx.dsl.components.base import base_executor
from tfx.types import artifact_utils
from tfx.types.artifact import Artifact
from tfx.utils import path_utils

from components.registry.errors import RegistryError
from components.registry.model_registry import ModelRegistry
from components.registry.push import PushRequest, PushResult, push
from components.registry.push_gate import VALIDATION_FILE

MODEL_KEY = "model"
BLESSING_KEY = "blessing"
EVALUATION_KEY = "evaluation"
EXAMPLES_KEY = "examples"
MODEL_CARD_KEY = "model_card"
REPORT_KEY = "report"
PUSHED_MODEL_KEY = "pushed_model"
REGISTRY_URI_KEY = "registry_uri"
MODEL_NAME_KEY = "model_name"
SERVING_DIR_KEY = "serving_dir"
LINEAGE_KEY = "lineage"

SCORES_FILE = "scores.json"
"""The Evaluator's scores beside TFMA's files; stored with the version when it is there."""

DATA_TAG_PREFIX = "data."

# What TFX itself notes on every artifact; it says nothing about the data.
_TFX_PROPERTIES = frozenset(
    {"name", "type_name", "state", "tfx_version", "pipeline_name", "producer_component", "is_external"}
)


class Executor(base_executor.BaseExecutor):
    """The executor of RegistryPusher."""

    def Do(
        self,
        input_dict: dict[str, list[Artifact]],
        output_dict: dict[str, list[Artifact]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Pushes the model, or says why not.

        Args:
            input_dict: `model`, `blessing`, and optionally `evaluation`, `examples`, `model_card` and `report`.
            output_dict: `pushed_model`, which gets custom properties only.
            exec_properties: `registry_uri`, `model_name`, `serving_dir`, and `lineage` (a JSON object of texts).

        Raises:
            RegistryError: If the registry or the serving directory cannot be written, or `lineage` is malformed.
        """
        self._log_startup(input_dict, output_dict, exec_properties)
        registry = ModelRegistry(exec_properties[REGISTRY_URI_KEY])
        result = push(registry, _request(input_dict, exec_properties))
        _report(result, registry, artifact_utils.get_single_instance(output_dict[PUSHED_MODEL_KEY]))


def _request(input_dict: dict[str, list[Artifact]], exec_properties: dict[str, Any]) -> PushRequest:
    model = artifact_utils.get_single_instance(input_dict[MODEL_KEY])
    evaluations = input_dict.get(EVALUATION_KEY) or []
    data_tags: dict[str, str] = {}
    for examples in input_dict.get(EXAMPLES_KEY) or []:
        data_tags |= {DATA_TAG_PREFIX + key: str(value) for key, value in _properties(examples).items()}
    return PushRequest(
        model_dir=Path(path_utils.serving_model_path(model.uri, path_utils.is_old_model_artifact(model))),
        validation_file=Path(model.uri, VALIDATION_FILE),
        blessed=model_utils.is_model_blessed(artifact_utils.get_single_instance(input_dict[BLESSING_KEY])),
        model_name=exec_properties[MODEL_NAME_KEY],
        serving_dir=Path(exec_properties[SERVING_DIR_KEY]).absolute(),
        lineage={**data_tags, **_lineage(exec_properties[LINEAGE_KEY])},
        metrics={key: score for evaluation in evaluations for key, score in _scores(evaluation).items()},
        card_files=(*(Path(evaluation.uri, SCORES_FILE) for evaluation in evaluations), *_documents(input_dict)),
    )


def _documents(input_dict: dict[str, list[Artifact]]) -> list[Path]:
    """Report and model card, whatever files they consist of."""
    artifacts = [artifact for key in (MODEL_CARD_KEY, REPORT_KEY) for artifact in input_dict.get(key) or []]
    return sorted(path for artifact in artifacts for path in Path(artifact.uri).glob("*.*"))


def _lineage(text: str) -> dict[str, str]:
    try:
        lineage = json.loads(text)
    except ValueError as error:
        raise RegistryError(f"{LINEAGE_KEY}: {text!r} is no JSON ({error}). Give an object of texts.") from error
    if not isinstance(lineage, dict):
        raise RegistryError(f"{LINEAGE_KEY}: {text!r} is no JSON object. Give an object of texts.")
    for key, value in lineage.items():
        if not isinstance(value, str):
            raise RegistryError(f"{LINEAGE_KEY}[{key!r}]: expected a text, got {value!r}. Write it in quotes.")
    return lineage


def _scores(evaluation: Artifact) -> dict[str, float]:
    """The float properties of an evaluation; one that is undefined (no example of its kind) is left out, and named."""
    scores = {key: value for key, value in _properties(evaluation).items() if isinstance(value, float)}
    undefined = sorted(key for key, value in scores.items() if not math.isfinite(value))
    if undefined:
        logging.warning("The scores %s are undefined and do not go into the registry.", ", ".join(undefined))
    return {key: value for key, value in scores.items() if math.isfinite(value)}


def _properties(artifact: Artifact) -> dict[str, int | float | str]:
    """Properties and custom properties of an artifact, without TFX's own and without empty ones."""
    entry = artifact.mlmd_artifact
    values = {}
    for key, value in [*entry.properties.items(), *entry.custom_properties.items()]:
        kind = value.WhichOneof("value")
        if key not in _TFX_PROPERTIES and kind in ("int_value", "double_value", "string_value"):
            values[key] = getattr(value, kind)
    return {key: value for key, value in values.items() if value != ""}


def _report(result: PushResult, registry: ModelRegistry, pushed_model: Artifact) -> None:
    pushed_model.set_int_custom_property("pushed", int(result.pushed))
    if result.version is not None:
        pushed_model.set_string_custom_property("registry_uri", registry.uri)
        pushed_model.set_int_custom_property("registry_version", result.version.version)
        pushed_model.set_string_custom_property("registry_alias", ",".join(result.version.aliases))
    if not result.pushed:
        pushed_model.set_string_custom_property("reason", result.reason)
        logging.warning("The model was not pushed: %s", result.reason)
        return
    if result.version is not None and result.destination is not None:
        pushed_model.set_string_custom_property("pushed_version", str(result.version.version))
        pushed_model.set_string_custom_property("pushed_destination", str(result.destination))
        logging.info(
            "%s version %d is the champion; published as %s",
            result.version.name,
            result.version.version,
            result.destination,
        )
