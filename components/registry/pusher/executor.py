"""Runs `push` on TFX artifacts."""

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

from components.common.hashing import tree_hash
from components.keys import DATA_PROFILE_FILE, DRIFT_REPORT_FILE, MAX_EPOCHS
from components.registry.champions.champion_changes import acting_user
from components.registry.errors import RegistryError
from components.registry.names import (
    BASELINE_VERSION_TAG,
    CORPUS_TAG,
    NO_VERSION,
    RUN_FINGERPRINT_TAG,
    RUN_ID_TAG,
    WARM_START_TAG,
)
from components.registry.pusher.evaluation_summary import EvaluationSummary
from components.registry.pusher.push import PushRequest, PushResult, push
from components.registry.pusher.push_gate import VALIDATION_FILE
from components.registry.store.model_registry import ModelRegistry
from components.registry.store.version_record import VersionRecord

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
SCHEMA_KEY = "schema"
TRANSFORM_GRAPH_KEY = "transform_graph"
TRAINED_MODEL_KEY = "trained_model"
DATA_PROFILE_KEY = "data_profile"
PARAMS_KEY = "params"
KEEP_KEY = "keep_versions"
CHAMPION_KEY = "champion"
RUN_NAME_KEY = "run_name"

REPORT_SUFFIXES = (".json", ".html", ".md")
"""Files of these kinds beside TFMA's own in an evaluation are stored with the version."""

_VOCABULARIES = ("transform_fn", "assets")  # where tf.Transform keeps them in its output

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
            input_dict: `model`, `blessing`, and optionally `evaluation`, `examples`, `schema`,
                `transform_graph`, `trained_model`, `data_profile`, `model_card`, `report` and `champion`.
            output_dict: `pushed_model`, which gets custom properties only.
            exec_properties: `registry_uri`, `model_name`, `serving_dir`, `keep_versions`, perhaps `run_name`, and as
                JSON objects of texts `lineage` and `params`.

        Raises:
            RegistryError: If the registry or the serving directory cannot be written, or `lineage` or `params` is
                malformed.
        """
        self._log_startup(input_dict, output_dict, exec_properties)
        registry = ModelRegistry(exec_properties[REGISTRY_URI_KEY])
        run_id = self._context.pipeline_run_id if self._context else ""
        result = push(registry, _request(input_dict, exec_properties, run_id or ""))
        _report(result, registry, artifact_utils.get_single_instance(output_dict[PUSHED_MODEL_KEY]))


def _request(input_dict: dict[str, list[Artifact]], exec_properties: dict[str, Any], run_id: str) -> PushRequest:
    model = artifact_utils.get_single_instance(input_dict[MODEL_KEY])
    evaluations = input_dict.get(EVALUATION_KEY) or []
    summary = EvaluationSummary.read(evaluations[0].uri) if evaluations else EvaluationSummary()
    tags = {RUN_ID_TAG: run_id} if run_id else {}
    tags |= _data_tags(input_dict) | _hashes(input_dict) | _texts(exec_properties, LINEAGE_KEY)
    tags |= _baseline(input_dict, tags) | _corpus(tags)
    params = _texts(exec_properties, PARAMS_KEY) | _params_of_run(input_dict)
    if tags.get(RUN_FINGERPRINT_TAG) == "":  # the corpus was not known before the run
        tags[RUN_FINGERPRINT_TAG] = _fingerprint(tags, params)
    if exec_properties.get(RUN_NAME_KEY):
        tags["run_name"] = exec_properties[RUN_NAME_KEY]
    serving_dir = exec_properties[SERVING_DIR_KEY]
    return PushRequest(
        model_dir=Path(path_utils.serving_model_path(model.uri, path_utils.is_old_model_artifact(model))),
        validation_file=Path(model.uri, VALIDATION_FILE),
        model_name=exec_properties[MODEL_NAME_KEY],
        serving_dir=Path(serving_dir).absolute() if serving_dir else None,
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
        keep=int(exec_properties[KEEP_KEY]),
    )


def _baseline(input_dict: dict[str, list[Artifact]], tags: dict[str, str]) -> dict[str, str]:
    """Names the version that the model was compared with, which need not be the champion any more."""
    found = {}
    for champion in input_dict.get(CHAMPION_KEY) or []:
        present = champion.get_int_custom_property("present")
        found[BASELINE_VERSION_TAG] = str(champion.get_int_custom_property("version")) if present else NO_VERSION
        if tags.get(WARM_START_TAG, NO_VERSION) != NO_VERSION:
            found[WARM_START_TAG] = found[BASELINE_VERSION_TAG]
    return found


def _corpus(tags: dict[str, str]) -> dict[str, str]:
    """The fingerprint of the corpus, as CorpusExampleGen found it where it was not known before."""
    read = tags.get(f"{DATA_TAG_PREFIX}input_fingerprint", "")
    return {CORPUS_TAG: read} if tags.get(CORPUS_TAG) == "" else {}


def _params_of_run(input_dict: dict[str, list[Artifact]]) -> dict[str, str]:
    """What a run may set for itself."""
    epochs = [model.get_int_custom_property(MAX_EPOCHS) for model in input_dict.get(TRAINED_MODEL_KEY) or []]
    return {"trainer.epochs": str(epochs[0])} if epochs and epochs[0] else {}


def _fingerprint(tags: dict[str, str], params: dict[str, str]) -> str:
    """Stands in for `pipeline.run.inputs.RunInputs.fingerprint`: equal for two runs that would make the same model."""
    decisive = {name: value for name, value in tags.items() if name not in (RUN_ID_TAG, BASELINE_VERSION_TAG)}
    return hashlib.sha256(json.dumps([decisive, params], sort_keys=True).encode()).hexdigest()[:16]


def _data_tags(input_dict: dict[str, list[Artifact]]) -> dict[str, str]:
    found: dict[str, str] = {}
    for examples in input_dict.get(EXAMPLES_KEY) or []:
        found |= {DATA_TAG_PREFIX + key: str(value) for key, value in _properties(examples).items()}
    return found


def _hashes(input_dict: dict[str, list[Artifact]]) -> dict[str, str]:
    """What identifies the inputs wherever the model goes: hashes, not paths."""
    return {
        f"{key}_hash": tree_hash(artifact.uri)
        for key in (SCHEMA_KEY, TRANSFORM_GRAPH_KEY)
        for artifact in input_dict.get(key) or []
    }


def _trained(input_dict: dict[str, list[Artifact]]) -> dict[str, Path]:
    """The trained model, the vocabularies without which nobody knows whose its rows are, the profile of its data."""
    models = input_dict.get(TRAINED_MODEL_KEY) or []
    if not models:
        return {}
    folders = [Path(model.uri) for model in models]
    folders += [Path(graph.uri, *_VOCABULARIES) for graph in input_dict.get(TRANSFORM_GRAPH_KEY) or []]
    files = [file for folder in folders for file in sorted(folder.iterdir()) if file.is_file()]
    files += [Path(profile.uri, DATA_PROFILE_FILE) for profile in input_dict.get(DATA_PROFILE_KEY) or []]
    return {file.name: file for file in files}


def _cards(input_dict: dict[str, list[Artifact]]) -> list[Path]:
    evaluations = input_dict.get(EVALUATION_KEY) or []
    files = [file for evaluation in evaluations for file in _reports(Path(evaluation.uri))]
    files += [Path(profile.uri, DRIFT_REPORT_FILE) for profile in input_dict.get(DATA_PROFILE_KEY) or []]
    return files + _documents(input_dict)


def _documents(input_dict: dict[str, list[Artifact]]) -> list[Path]:
    """Report and model card, whatever files they consist of."""
    artifacts = [artifact for key in (MODEL_CARD_KEY, REPORT_KEY) for artifact in input_dict.get(key) or []]
    return sorted(path for artifact in artifacts for path in Path(artifact.uri).glob("*.*"))


def _reports(folder: Path) -> list[Path]:
    """The readable files of an evaluation: scores, report, model card, whatever there is; TFMA's own are not."""
    return sorted(path for path in folder.iterdir() if path.suffix in REPORT_SUFFIXES) if folder.is_dir() else []


def _texts(exec_properties: dict[str, Any], key: str) -> dict[str, str]:
    text = exec_properties[key]
    try:
        values = json.loads(text)
    except ValueError as error:
        raise RegistryError(f"{key}: {text!r} is no JSON ({error}). Give an object of texts.") from error
    if not isinstance(values, dict):
        raise RegistryError(f"{key}: {text!r} is no JSON object. Give an object of texts.")
    for name, value in values.items():
        if not isinstance(value, str):
            raise RegistryError(f"{key}[{name!r}]: expected a text, got {value!r}. Write it in quotes.")
    return values


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
    if result.version is None:
        return
    pushed_model.set_string_custom_property("pushed_version", str(result.version.version))
    if result.destination is not None:
        pushed_model.set_string_custom_property("pushed_destination", str(result.destination))
    logging.info(
        "%s version %d is the champion; %s",
        result.version.name,
        result.version.version,
        f"published as {result.destination}" if result.destination else "there is no serving directory to publish to",
    )
