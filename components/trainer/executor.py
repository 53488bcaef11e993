"""Executor of the Trainer."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from tfx.dsl.components.base import base_executor
from tfx.dsl.io import fileio
from tfx.types import artifact_utils

from components import keys
from components.artifacts import Artifacts, earlier_model_folder, split_files
from components.common.hashing import require_content
from components.trainer.hyperparameters import read_hyperparameters, with_hyperparameters
from components.trainer.inputs import TrainingInputs, training_id
from components.trainer.settings import TrainerSettings
from components.transform.features import CLUSTER_WORDS, GAZETTEER_TABLES

if TYPE_CHECKING:
    from components.trainer.loop.checkpoint import Checkpoint

_TEACHING = ("teacher", "unlabelled")  # parts that are settings of the trainer, not of a tagger


class Executor(base_executor.BaseExecutor):
    """Reads the artifacts, trains, writes the trained model."""

    def Do(self, input_dict: Artifacts, output_dict: Artifacts, exec_properties: dict[str, Any]) -> None:
        """Trains a tagger.

        Args:
            input_dict: `examples` (transformed) and `transform_graph`; optionally `hyperparameters` of a search and
                `warm_start`, the model to start from.
            output_dict: `trained_model` receives the trained model and the custom properties `epochs`, `max_epochs`,
                `val_entity_f1` and `trainer_settings`, and the file `trainer_settings.json` (`components.keys`);
                `model_run` receives TensorBoard's files.
            exec_properties: `settings` (JSON of `TrainerSettings`), `epochs`, `checkpoint_dir`, `code_version`,
                `pretrained` (JSON, see `Trainer`).

        Raises:
            NerError: a pretrained file changed since the start of the run.
        """
        from components.trainer.devices import choose_devices
        from components.trainer.teacher.graph_archive import archive_graph
        from components.trainer.training import train

        self._log_startup(input_dict, output_dict, exec_properties)
        settings = trainer_settings(exec_properties)
        searched: dict[str, Any] = {}
        for hyperparameters in input_dict.get("hyperparameters") or []:
            searched = read_hyperparameters(hyperparameters.uri)
            settings = with_hyperparameters(settings, searched)
        # Devices first: several hosts meet before anything else runs.
        devices = choose_devices(settings.devices, settings.hosts)
        pretrained = json.loads(exec_properties.get("pretrained") or "{}")
        inputs = TrainingInputs(
            split_files(input_dict["examples"], keys.TRAIN_SPLIT),
            split_files(input_dict["examples"], keys.EVAL_SPLIT),
            artifact_utils.get_single_uri(input_dict["transform_graph"]),
            earlier_model_folder(input_dict.get("warm_start") or []),
            **{name: pretrained[name]["path"] for name in _TEACHING if name in pretrained},
        )
        for part, values in pretrained.items():
            path = values.get("path") or values.get("preset")
            section = "" if part in _TEACHING else f"{settings.tagger_section}."
            require_content(f"trainer.{section}{part}", path, values["version"])
        checkpoint = _checkpoint(exec_properties, settings, inputs)
        log_dir = artifact_utils.get_single_uri(output_dict["model_run"])
        trained = train(settings, inputs, log_dir=log_dir, checkpoint=checkpoint, devices=devices)
        if not devices.is_chief:
            return
        model = artifact_utils.get_single_instance(output_dict["trained_model"])
        trained.save(model.uri)
        used = json.dumps({"settings": (trained.settings or settings).selected(), "searched": list(searched)}, indent=1)
        with fileio.open(f"{model.uri}/{keys.TRAINER_SETTINGS_FILE}", "w") as file:
            file.write(used)
        model.set_string_custom_property(keys.TRAINER_SETTINGS, used)
        _copy_vocabularies(inputs.transform_graph, model.uri)
        archive_graph(inputs.transform_graph, model.uri)
        if checkpoint:
            checkpoint.discard()
        model.set_int_custom_property(keys.EPOCHS, len(trained.history))
        model.set_int_custom_property(keys.MAX_EPOCHS, settings.epochs)
        model.set_float_custom_property(keys.VAL_ENTITY_F1, trained.best_f1)


def trainer_settings(exec_properties: dict[str, Any]) -> TrainerSettings:
    """Returns the settings with the run's own number of epochs, which Kubeflow passes as a float."""
    settings = TrainerSettings.model_validate_json(exec_properties["settings"])
    return settings.replace({"epochs": int(exec_properties["epochs"])})


def _copy_vocabularies(transform_graph: str, folder: str) -> None:
    """Copies the vocabularies, without which a later training cannot match the rows of the weights."""
    vocabularies = f"{transform_graph}/transform_fn/assets"  # where TensorFlow Transform writes them
    for name in fileio.listdir(vocabularies) if fileio.exists(vocabularies) else []:
        if not name.startswith((GAZETTEER_TABLES, CLUSTER_WORDS)):  # these are files of the user
            fileio.copy(f"{vocabularies}/{name}", f"{folder}/{name}", overwrite=True)


def _checkpoint(
    exec_properties: dict[str, Any], settings: TrainerSettings, inputs: TrainingInputs
) -> Checkpoint | None:
    # By training id: a retry has another output folder, and a new run another execution.
    from components.trainer.loop.checkpoint import Checkpoint

    folder = exec_properties.get("checkpoint_dir")
    if not folder:
        return None
    return Checkpoint(f"{folder}/{training_id(settings, inputs, exec_properties.get('code_version'))}")
