"""Executor of ChampionSource: downloads a registered version into TFX artifacts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from absl import logging
from tfx.dsl.components.base import base_executor
from tfx.types import artifact_utils
from tfx.types.artifact import Artifact
from tfx.utils import path_utils

from components import keys
from components.artifacts import Artifacts
from components.common.files import write_atomically
from components.exporter.validator.fresh_process import require_safe_to_serve
from components.registry.model_registry import ModelRegistry
from components.registry.names import CHAMPION, parse_version
from components.registry.store.version import RegisteredVersion

CHAMPION_KEY = "champion_model"
TRAINED_KEY = "champion_trained_model"
REGISTRY_URI_KEY = "registry_uri"
MODEL_NAME_KEY = "model_name"
VERSION_KEY = "version"


class Executor(base_executor.BaseExecutor):
    """Executor of ChampionSource."""

    def Do(self, input_dict: Artifacts, output_dict: Artifacts, exec_properties: dict[str, Any]) -> None:
        """Downloads the version; without one it leaves the artifacts empty.

        Args:
            input_dict: empty.
            output_dict: `champion_model` and `champion_trained_model`.
            exec_properties: `registry_uri`, `model_name` and `version`.

        Raises:
            RegistryError: there is no version of the given number, its files are damaged, or the registry takes no new
                versions.
            UnsafeModelError: the model of the version may not be loaded.
        """
        self._log_startup(input_dict, output_dict, exec_properties)
        champion = artifact_utils.get_single_instance(output_dict[CHAMPION_KEY])
        trained = artifact_utils.get_single_instance(output_dict[TRAINED_KEY])
        registry = ModelRegistry(exec_properties[REGISTRY_URI_KEY])
        # On a cluster this node is the first that reaches the registry, and it runs before the Trainer.
        registry.check_ready(exec_properties[MODEL_NAME_KEY])
        version = _version(registry, exec_properties[MODEL_NAME_KEY], exec_properties[VERSION_KEY])
        if version is None:
            _leave_empty(champion, trained)
            logging.info("There is no champion to compare with.")
            return
        model_dir = registry.fetch(version, Path(path_utils.serving_model_dir(champion.uri)), link=True)
        require_safe_to_serve(model_dir)  # the Evaluator loads it
        champion.set_string_custom_property(keys.TREE_HASH, version.tree_hash)
        _set_version(champion, version)
        logging.info("The baseline is %s version %d.", version.name, version.version)
        if sentences := registry.trained_file(version, keys.TRAINING_SENTENCES_FILE):
            write_atomically(Path(champion.uri, keys.TRAINING_SENTENCES_FILE), sentences)
        # Into a subfolder: TFX has created the artifact's folder, and a download renames a whole folder into place.
        if registry.fetch_trained(version, Path(trained.uri, keys.TRAINED_FOLDER), link=True) is None:
            _leave_empty(trained)
            logging.info("%s version %d has no trained model for a warm start.", version.name, version.version)
        else:
            _set_version(trained, version)


def _version(registry: ModelRegistry, name: str, version: str) -> RegisteredVersion | None:
    if version == CHAMPION:
        return registry.get(name, CHAMPION)
    number = parse_version(version)
    return None if number is None else registry.require(name, number)


def _set_version(artifact: Artifact, version: RegisteredVersion) -> None:
    artifact.set_int_custom_property(keys.PRESENT, 1)
    artifact.set_int_custom_property(keys.VERSION, version.version)


def _leave_empty(*artifacts: Artifact) -> None:
    for artifact in artifacts:
        artifact.set_int_custom_property(keys.PRESENT, 0)
        Path(artifact.uri).mkdir(parents=True, exist_ok=True)
