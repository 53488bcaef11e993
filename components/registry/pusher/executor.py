"""Executor of the RegistryPusher: runs `push` on TFX artifacts."""

from __future__ import annotations

import hashlib
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
from components.exporter.saved_model.embedded_metadata import embedded_provenance
from components.registry.champions.champion_changes import acting_user
from components.registry.errors import RegistryError
from components.registry.model_registry import ModelRegistry
from components.registry.names import (
    BASELINE_VERSION_TAG,
    CHAMPION,
    CORPUS_TAG,
    DATA_TAG_PREFIX,
    NO_VERSION,
    RUN_FINGERPRINT_TAG,
    RUN_ID_TAG,
    RUN_NAME_TAG,
    WARM_START_TAG,
)
from components.registry.pusher.evaluation_summary import EvaluationSummary
from components.registry.pusher.push import PushRequest, PushResult, push
from components.registry.settings import RegistrySettings
from components.registry.store.version import VersionRecord, as_text

MODEL_KEY = "model"
BLESSING_KEY = "blessing"
EVALUATION_KEY = "evaluation"
TRAINED_MODEL_KEY = "trained_model"
DATA_PROFILE_KEY = "data_profile"
MODEL_CARD_KEY = "model_card"
REPORT_KEY = "report"
PUSHED_MODEL_KEY = "pushed_model"
MODEL_NAME_KEY = "model_name"
SETTINGS_KEY = "settings"
LINEAGE_KEY = "lineage"
PARAMS_KEY = "params"
RUN_NAME_KEY = "run_name"

_CARD_SUFFIXES = (".json", ".html", ".md")  # of an evaluation's files for people; TFMA's own have others
_TRANSFORM_GRAPH_TAG = "transform_graph_hash"


class Executor(base_executor.BaseExecutor):
    """Executor of the RegistryPusher."""

    def Do(
        self,
        input_dict: dict[str, list[Artifact]],
        output_dict: dict[str, list[Artifact]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Pushes the model, or records the reason why not.

        Args:
            input_dict: `model` and `blessing`; optionally `evaluation`, `trained_model`, `data_profile`, `model_card`
                and `report`.
            output_dict: `pushed_model`, which gets custom properties only.
            exec_properties: `model_name`, `settings` (JSON of `RegistrySettings`), `lineage` and `params` (JSON objects
                of strings), and optionally `run_name`.

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
    input_dict: dict[str, list[Artifact]], exec_properties: dict[str, Any], settings: RegistrySettings, run_id: str
) -> PushRequest:
    model = artifact_utils.get_single_instance(input_dict[MODEL_KEY])
    model_dir = Path(path_utils.serving_model_path(model.uri, path_utils.is_old_model_artifact(model)))
    evaluation = _folder(input_dict, EVALUATION_KEY)
    summary = EvaluationSummary.read(str(evaluation)) if evaluation else EvaluationSummary()
    params = _params(json.loads(exec_properties[PARAMS_KEY]), input_dict)
    tags = {RUN_ID_TAG: run_id} if run_id else {}
    tags |= _data_lineage(input_dict) | _graph_lineage(model_dir) | json.loads(exec_properties[LINEAGE_KEY])
    tags |= _known_after_run(tags, params, summary.champion_version)
    if exec_properties.get(RUN_NAME_KEY):
        tags[RUN_NAME_TAG] = exec_properties[RUN_NAME_KEY]
    return PushRequest(
        model_dir=model_dir,
        validation_file=Path(model.uri, keys.VALIDATION_FILE),
        model_name=exec_properties[MODEL_NAME_KEY],
        serving_dir=settings.serving_dir.absolute() if settings.serving_dir else None,
        record=VersionRecord(
            tags=tags,
            metrics=summary.metrics,
            metrics_by_type=summary.by_type,
            metrics_by_slice=summary.by_slice,
            params=params,
            trained=_trained(input_dict),
            files=tuple(_cards(input_dict)),
            blessed=model_utils.is_model_blessed(artifact_utils.get_single_instance(input_dict[BLESSING_KEY])),
        ),
        verdict=summary.verdict(),
        failures=summary.failures,
        who=f"{acting_user()}, run {run_id}" if run_id else "",
        keep=settings.keep_versions,
    )


def _folder(input_dict: dict[str, list[Artifact]], key: str) -> Path | None:
    """Returns the folder of an optional input."""
    artifacts = input_dict.get(key) or []
    return Path(artifacts[0].uri) if artifacts else None


def _data_lineage(input_dict: dict[str, list[Artifact]]) -> dict[str, str]:
    """Returns the tags that the DriftValidator wrote about examples and schema, and the corpus of these examples."""
    profile = _folder(input_dict, DATA_PROFILE_KEY)
    tags = json.loads((profile / keys.LINEAGE_FILE).read_text(encoding="utf-8")) if profile else {}
    fingerprint = tags.get(f"{DATA_TAG_PREFIX}input_fingerprint")
    return tags | ({CORPUS_TAG: fingerprint} if fingerprint else {})


def _graph_lineage(model_dir: Path) -> dict[str, str]:
    """Returns the hash of the transform graph, which the Exporter embedded in the model."""
    digest = embedded_provenance(model_dir).get("transform graph")
    return {_TRANSFORM_GRAPH_TAG: digest} if digest else {}


def _known_after_run(tags: dict[str, str], params: dict[str, str], champion: str) -> dict[str, str]:
    """Returns the tags that a run on a cluster cannot know when it is compiled: champion and fingerprint."""
    computed = {}
    if tags.get(BASELINE_VERSION_TAG) == CHAMPION:
        computed[BASELINE_VERSION_TAG] = champion or NO_VERSION
        if tags.get(WARM_START_TAG, NO_VERSION) != NO_VERSION:
            computed[WARM_START_TAG] = computed[BASELINE_VERSION_TAG]
    if tags.get(RUN_FINGERPRINT_TAG) == "":
        computed[RUN_FINGERPRINT_TAG] = _fingerprint(tags | computed, params)
    return computed


def _fingerprint(tags: dict[str, str], params: dict[str, str]) -> str:
    """Returns a hash that is equal for two runs that would produce the same model, as `RunInputs.fingerprint`."""
    decisive = {name: value for name, value in tags.items() if name not in (RUN_ID_TAG, BASELINE_VERSION_TAG)}
    return hashlib.sha256(json.dumps([decisive, params], sort_keys=True).encode()).hexdigest()[:16]


def _params(configured: dict[str, str], input_dict: dict[str, list[Artifact]]) -> dict[str, str]:
    """Returns the settings of the run, with those that the Trainer used and the number of epochs that it needed.

    Runtime parameters and a search change the configured settings; options of other taggers have no effect.
    """
    trained = next(iter(input_dict.get(TRAINED_MODEL_KEY) or []), None)
    if trained is None:
        return configured
    computed = {"training.epochs": str(trained.get_int_custom_property(keys.EPOCHS) or "")}
    file = Path(trained.uri, keys.TRAINER_SETTINGS_FILE)
    if file.is_file():
        used = json.loads(file.read_text(encoding="utf-8"))
        configured = {name: value for name, value in configured.items() if not name.startswith("trainer.")}
        computed |= {f"trainer.{name}": as_text(value) for name, value in used["settings"].items()}
        computed["tuner.searched"] = ", ".join(used["searched"])
    return configured | {name: value for name, value in computed.items() if value}


def _trained(input_dict: dict[str, list[Artifact]]) -> dict[str, Path]:
    """Returns name -> file of the trained model with its vocabularies, and the profile of its data."""
    trained, profile = _folder(input_dict, TRAINED_MODEL_KEY), _folder(input_dict, DATA_PROFILE_KEY)
    if trained is None:
        return {}
    files = [file for file in sorted(trained.iterdir()) if file.is_file()]
    files += [profile / keys.DATA_PROFILE_FILE] if profile else []
    return {file.name: file for file in files}


def _cards(input_dict: dict[str, list[Artifact]]) -> list[Path]:
    """Returns the files for people: scores and pages of the evaluation, drift report, model card and report."""
    evaluation, profile = _folder(input_dict, EVALUATION_KEY), _folder(input_dict, DATA_PROFILE_KEY)
    files = []
    if evaluation:
        files += sorted(file for file in evaluation.iterdir() if file.suffix in _CARD_SUFFIXES)
    if profile:
        files.append(profile / keys.DRIFT_REPORT_FILE)
    documents = [folder for key in (MODEL_CARD_KEY, REPORT_KEY) if (folder := _folder(input_dict, key))]
    return files + sorted(file for folder in documents for file in folder.glob("*.*"))


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
