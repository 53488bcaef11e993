"""Reads artifacts, trains, writes artifacts."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

from tfx import types
from tfx.dsl.components.base import base_executor
from tfx.dsl.io import fileio
from tfx.types import artifact_utils

from components.trainer.settings import TrainerSettings


class Executor(base_executor.BaseExecutor):
    """Runs `components.trainer.training.train`."""

    def Do(
        self,
        input_dict: dict[str, list[types.Artifact]],
        output_dict: dict[str, list[types.Artifact]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Trains a tagger.

        Args:
            input_dict: `examples` (transformed), `transform_graph`, and the model to begin with, `warm_start`, if any.
            output_dict: `model` gets the trained model, `model_run` TensorBoard's files.
            exec_properties: the fields of `TrainerSettings`, `tagger_options` as JSON.
        """
        from components.trainer.training import train

        self._log_startup(input_dict, output_dict, exec_properties)
        examples = input_dict["examples"]
        trained = train(
            settings_of(exec_properties),
            _files(examples, "train"),
            _files(examples, "eval"),
            artifact_utils.get_single_uri(input_dict["transform_graph"]),
            artifact_utils.get_single_uri(output_dict["model_run"]),
            earlier_model_folder(input_dict.get("warm_start") or []),
        )
        model = artifact_utils.get_single_instance(output_dict["model"])
        trained.save(model.uri)
        best = max(trained.history, key=lambda epoch: epoch["val_entity_f1"])
        model.set_int_custom_property("epochs", len(trained.history))
        model.set_float_custom_property("val_entity_f1", best["val_entity_f1"])


def settings_of(exec_properties: dict[str, Any]) -> TrainerSettings:
    """Builds the settings; Kubeflow hands ints over as floats, so each value takes its field's type."""
    types_ = {"int": int, "float": float, "str": str}
    values = {
        field.name: types_[str(field.type)](exec_properties[field.name])
        for field in dataclasses.fields(TrainerSettings)
        if str(field.type) in types_
    }
    return TrainerSettings(**values, tagger_options=json.loads(exec_properties["tagger_options"]))


def earlier_model_folder(artifacts: list[types.Artifact]) -> str | None:
    """Returns the folder of the model to begin with; None when there is no such artifact, or it says it is empty."""
    present = [one for one in artifacts if one.get_int_custom_property("present")]
    return f"{present[0].uri}/trained" if present else None


def _files(examples: list[types.Artifact], split: str) -> list[str]:
    folders = artifact_utils.get_split_uris(examples, split)
    return [file for folder in folders for file in sorted(fileio.glob(f"{folder}/*"))]
