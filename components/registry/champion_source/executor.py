"""Fetches a registered version into a TFX artifact."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from absl import logging
from tfx.dsl.components.base import base_executor
from tfx.types import artifact_utils
from tfx.types.artifact import Artifact
from tfx.utils import path_utils

from components.registry.errors import RegistryError
from components.registry.names import CHAMPION, parse_version
from components.registry.store.model_registry import ModelRegistry
from components.registry.store.registered_version import RegisteredVersion
from components.registry.store.version_files import TRAINED_FOLDER, fetch_card

CHAMPION_KEY = "champion"
TRAINED_KEY = "trained"
REGISTRY_URI_KEY = "registry_uri"
MODEL_NAME_KEY = "model_name"
VERSION_KEY = "version"


class Executor(base_executor.BaseExecutor):
    """The executor of ChampionSource."""

    def Do(
        self,
        input_dict: dict[str, list[Artifact]],
        output_dict: dict[str, list[Artifact]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Fetches the version, or leaves the artifacts empty when there is none.

        Args:
            input_dict: Nothing.
            output_dict: `champion` and `trained`.
            exec_properties: `registry_uri`, `model_name` and `version`.

        Raises:
            RegistryError: If a version is asked for by number and is not there, or its files are damaged.
        """
        self._log_startup(input_dict, output_dict, exec_properties)
        champion = artifact_utils.get_single_instance(output_dict[CHAMPION_KEY])
        trained = artifact_utils.get_single_instance(output_dict[TRAINED_KEY])
        registry = ModelRegistry(exec_properties[REGISTRY_URI_KEY])
        version = _wanted(registry, exec_properties[MODEL_NAME_KEY], exec_properties[VERSION_KEY])
        if version is None:
            _leave_empty(champion, trained)
            logging.info("There is no champion to compare with (version %r).", exec_properties[VERSION_KEY])
            return
        registry.fetch(version, Path(path_utils.serving_model_dir(champion.uri)))
        fetch_card(registry.uri, version, Path(champion.uri, "card"))
        champion.set_string_custom_property("tree_hash", version.tree_hash)
        _name(champion, version)
        logging.info("The baseline is %s version %d.", version.name, version.version)
        # Into a folder below: TFX has made the artifact's own, and a fetch renames a whole one into place.
        if registry.fetch_trained(version, Path(trained.uri, TRAINED_FOLDER)) is None:
            _leave_empty(trained)
            logging.info("%s version %d has no trained weights to begin with.", version.name, version.version)
        else:
            _name(trained, version)


def _name(artifact: Artifact, version: RegisteredVersion) -> None:
    artifact.set_int_custom_property("present", 1)
    artifact.set_int_custom_property("version", version.version)


def _leave_empty(*artifacts: Artifact) -> None:
    for artifact in artifacts:
        artifact.set_int_custom_property("present", 0)
        Path(artifact.uri).mkdir(parents=True, exist_ok=True)


def _wanted(registry: ModelRegistry, name: str, version: str) -> RegisteredVersion | None:
    if version == CHAMPION:
        return registry.get(name, CHAMPION)
    number = parse_version(version)
    if number is None:
        return None
    found = registry.get(name, number)
    if found is None:
        raise RegistryError(f"{name} has no version {number} in {registry.uri}. List its versions and choose another.")
    return found
