"""Reads artifacts, trains, writes artifacts."""

from __future__ import annotations

import dataclasses
import json
from typing import TYPE_CHECKING, Any

from tfx import types
from tfx.dsl.components.base import base_executor
from tfx.dsl.io import fileio
from tfx.types import artifact_utils

from components.trainer.hyperparameters import read_hyperparameters, with_hyperparameters
from components.trainer.settings import TrainerSettings

MOST_EPOCHS = "most_epochs"
"""Custom property of the trained model: how many epochs it might have taken, which each run may say anew."""

if TYPE_CHECKING:
    from components.trainer.loop.checkpoint import Checkpoint


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
            input_dict: `examples` (transformed), `transform_graph`, and where there are some `hyperparameters` that a
                search found, and the model to begin with, `warm_start`.
            output_dict: `model` gets the trained model and the properties `epochs` (int, those trained), `most_epochs`
                (int) and `val_entity_f1` (float); `model_run` gets TensorBoard's files.
            exec_properties: the fields of `TrainerSettings`, `tagger_options` as JSON.
        """
        from components.trainer.devices import choose_devices
        from components.trainer.training import train

        self._log_startup(input_dict, output_dict, exec_properties)
        settings = settings_of(exec_properties)
        for found in input_dict.get("hyperparameters") or []:
            settings = with_hyperparameters(settings, read_hyperparameters(found.uri))
        devices = choose_devices(settings.devices, settings.hosts)  # first: several hosts meet before anything runs
        train_files, eval_files = (_files(input_dict["examples"], split) for split in ("train", "eval"))
        graph = artifact_utils.get_single_uri(input_dict["transform_graph"])
        earlier = earlier_model_folder(input_dict.get("warm_start") or [])
        checkpoint = _checkpoint(exec_properties, settings, train_files, eval_files, graph, earlier)
        log_dir = artifact_utils.get_single_uri(output_dict["model_run"])
        trained = train(settings, train_files, eval_files, graph, log_dir, checkpoint, devices, earlier)
        if not devices.is_chief:
            return
        model = artifact_utils.get_single_instance(output_dict["model"])
        trained.save(model.uri)
        if checkpoint:
            checkpoint.discard()
        best = max(epoch["val_entity_f1"] or 0.0 for epoch in trained.history)
        model.set_int_custom_property("epochs", len(trained.history))
        model.set_int_custom_property(MOST_EPOCHS, settings.epochs)
        model.set_float_custom_property("val_entity_f1", best)


def _checkpoint(
    exec_properties: dict[str, Any],
    settings: TrainerSettings,
    train_files: list[str],
    eval_files: list[str],
    graph: str,
    earlier: str | None,
) -> Checkpoint | None:
    """A retry has another output folder, and a new run another execution: the same training has the same id."""
    from components.trainer.loop.checkpoint import Checkpoint
    from components.trainer.loop.training_id import training_id

    folder = exec_properties.get("checkpoint_dir")
    if not folder:
        return None
    number = training_id(settings, train_files, eval_files, graph, exec_properties.get("code_version"), earlier)
    return Checkpoint(f"{folder}/{number}")


def settings_of(exec_properties: dict[str, Any]) -> TrainerSettings:
    """Builds the settings; Kubeflow hands ints and bools over as floats, so each value takes its field's type."""
    types_ = {"int": int, "float": float, "str": str, "bool": bool}
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
