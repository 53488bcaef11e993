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
from components.registry.model_registry import ModelRegistry
from components.registry.names import CHAMPION, parse_version
from components.registry.registered_version import RegisteredVersion
from components.registry.version_card import fetch_card

CHAMPION_KEY = "champion"
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
        """Fetches the version, or leaves the artifact empty when there is none.

        Args:
            input_dict: Nothing.
            output_dict: `champion`.
            exec_properties: `registry_uri`, `model_name` and `version`.

        Raises:
            RegistryError: If a version is asked for by number and is not there, or its files are damaged.
        """
        self._log_startup(input_dict, output_dict, exec_properties)
        artifact = artifact_utils.get_single_instance(output_dict[CHAMPION_KEY])
        registry = ModelRegistry(exec_properties[REGISTRY_URI_KEY])
        version = _wanted(registry, exec_properties[MODEL_NAME_KEY], exec_properties[VERSION_KEY])
        artifact.set_int_custom_property("present", int(version is not None))
        if version is None:
            Path(artifact.uri).mkdir(parents=True, exist_ok=True)
            logging.info("There is no champion to compare with (version %r).", exec_properties[VERSION_KEY])
            return
        registry.fetch(version, Path(path_utils.serving_model_dir(artifact.uri)))
        fetch_card(registry.uri, version, Path(artifact.uri, "card"))
        artifact.set_int_custom_property("version", version.version)
        artifact.set_string_custom_property("tree_hash", version.tree_hash)
        logging.info("The baseline is %s version %d.", version.name, version.version)


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
