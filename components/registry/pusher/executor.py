"""Executor of the RegistryPusher: runs `push` on TFX artifacts."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

from absl import logging
from tfx.components.util import model_utils
from tfx.dsl.components.base import base_executor
from tfx.types import artifact_utils
from tfx.types.artifact import Artifact
from tfx.utils import path_utils

from components import keys
from components.artifacts import Artifacts
from components.registry.errors import RegistryError
from components.registry.model_registry import ModelRegistry
from components.registry.names import RUN_FINGERPRINT_TAG, RUN_ID_TAG
from components.registry.origin import acting_user
from components.registry.pusher import gathering
from components.registry.pusher.push import PushRequest, PushResult, push
from components.registry.settings import RegistrySettings

PUSHED_MODEL_KEY = "pushed_model"
MODEL_NAME_KEY = "model_name"
SETTINGS_KEY = "settings"
LINEAGE_KEY = "lineage"
PARAMS_KEY = "params"
RUN_NAME_KEY = "run_name"
RUN_FINGERPRINT_KEY = "run_fingerprint"


class Executor(base_executor.BaseExecutor):
    """Executor of the RegistryPusher."""

    def Do(self, input_dict: Artifacts, output_dict: Artifacts, exec_properties: dict[str, Any]) -> None:
        """Pushes the model, or records the reason why not.

        Args:
            input_dict: `exported_model` and `blessing`; optionally `evaluation`, `trained_model` and `report`.
            output_dict: `pushed_model`, which gets custom properties only.
            exec_properties: `model_name`, `settings` (JSON of `RegistrySettings`), `lineage` and `params` (JSON objects
                of strings), and optionally `run_name` and `run_fingerprint`.

        Raises:
            RegistryError: the registry or the serving directory cannot be written.
        """
        self._log_startup(input_dict, output_dict, exec_properties)
        settings = RegistrySettings.model_validate_json(exec_properties[SETTINGS_KEY])
        if settings.uri is None:
            raise RegistryError("registry.uri: RegistryPusher needs the address of the registry. Set it.")
        registry = ModelRegistry(settings.uri)
        run_id = (self._context.pipeline_run_id if self._context else "") or ""
        request = _request(input_dict, exec_properties, settings, run_id)
        try:
            result = push(registry, request)
        except RegistryError as error:
            raise RegistryError(
                f"{error}\nThe trained model is kept at {request.model_dir}: repeat the same command to push it."
            ) from error
        _write_result(result, registry, artifact_utils.get_single_instance(output_dict[PUSHED_MODEL_KEY]))


def _request(
    input_dict: Artifacts, exec_properties: dict[str, Any], settings: RegistrySettings, run_id: str
) -> PushRequest:
    model = artifact_utils.get_single_instance(input_dict[gathering.EXPORTED_MODEL_KEY])
    model_dir = Path(path_utils.serving_model_path(model.uri, path_utils.is_old_model_artifact(model)))
    folders = {key: Path(artifacts[0].uri) for key, artifacts in input_dict.items() if artifacts}
    if gathering.REPORT_KEY in folders:
        folders[gathering.DATA_PROFILE_KEY] = folders[gathering.REPORT_KEY] / keys.PROFILE_FOLDER
    trained = next(iter(input_dict.get(gathering.TRAINED_MODEL_KEY) or []), None)
    fingerprint = exec_properties.get(RUN_FINGERPRINT_KEY)
    facts = gathering.gather(
        folders,
        params=json.loads(exec_properties[PARAMS_KEY]),
        epochs=trained.get_int_custom_property(keys.EPOCHS) if trained else 0,
        tags=({RUN_ID_TAG: run_id} if run_id else {})
        | gathering.graph_lineage(model_dir)
        | json.loads(exec_properties[LINEAGE_KEY])
        | ({RUN_FINGERPRINT_TAG: fingerprint} if fingerprint else {}),
        run_name=exec_properties.get(RUN_NAME_KEY) or "",
    )
    return PushRequest(
        model_dir=model_dir,
        validation_file=Path(model.uri, keys.VALIDATION_FILE),
        model_name=exec_properties[MODEL_NAME_KEY],
        serving_dir=settings.serving_dir.absolute() if settings.serving_dir else None,
        record=dataclasses.replace(
            facts.record,
            blessed=model_utils.is_model_blessed(
                artifact_utils.get_single_instance(input_dict[gathering.BLESSING_KEY])
            ),
        ),
        verdict=facts.summary.verdict(),
        failures=facts.summary.failures,
        who=f"{acting_user()}, run {run_id}" if run_id else "",
        keep=settings.keep_versions,
    )


def _write_result(result: PushResult, registry: ModelRegistry, pushed_model: Artifact) -> None:
    pushed_model.set_int_custom_property(keys.PUSHED, int(result.pushed))
    version = result.version
    if version is not None:
        pushed_model.set_string_custom_property(keys.REGISTRY_URI, registry.uri)
        pushed_model.set_int_custom_property(keys.REGISTRY_VERSION, version.version)
        pushed_model.set_string_custom_property(keys.TREE_HASH, version.tree_hash)
        pushed_model.set_string_custom_property(keys.REGISTRY_ALIAS, ",".join(version.aliases))
    if not result.pushed or version is None:
        pushed_model.set_string_custom_property(keys.REFUSAL_REASON, result.reason)
        logging.warning("The model was not pushed: %s", result.reason)
        return
    pushed_model.set_string_custom_property(keys.PUSHED_VERSION, str(version.version))
    if result.destination is not None:
        pushed_model.set_string_custom_property(keys.PUSHED_DESTINATION, str(result.destination))
    logging.info(
        "%s version %d is the champion; %s",
        version.name,
        version.version,
        f"published as {result.destination}" if result.destination else "no serving directory is configured",
    )
