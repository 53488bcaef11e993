"""The Trainer's executor and component."""

from __future__ import annotations

import shutil

from tfx import types
from tfx.types import artifact_utils, standard_artifacts

from components.trainer.component import Trainer
from components.trainer.executor import Executor, settings_of
from components.trainer.trained_model import TrainedModel


def channel(kind):
    return types.Channel(type=kind)


def test_component_has_typed_parameters_and_standard_outputs(settings):
    trainer = Trainer(
        channel(standard_artifacts.Examples), channel(standard_artifacts.TransformGraph), settings, code_version="x"
    )
    assert {name: c.type_name for name, c in trainer.outputs.items()} == {"model": "Model", "model_run": "ModelRun"}
    assert trainer.exec_properties["epochs"] == 5
    assert settings_of(trainer.exec_properties) == settings


def test_settings_survive_parameters_that_come_back_as_floats(settings):
    trainer = Trainer(channel(standard_artifacts.Examples), channel(standard_artifacts.TransformGraph), settings)
    floats = {n: float(v) if isinstance(v, int) else v for n, v in trainer.exec_properties.items()}
    assert settings_of(floats) == settings
    assert isinstance(settings_of(floats).epochs, int)


def test_do_writes_a_model_that_loads(transformed, settings, tmp_path):
    examples, graph, model, logs = (
        kind() for kind in (
            standard_artifacts.Examples, standard_artifacts.TransformGraph, standard_artifacts.Model,
            standard_artifacts.ModelRun,
        )
    )  # fmt: skip
    for name, artifact in (("examples", examples), ("model", model), ("logs", logs)):
        artifact.uri = str(tmp_path / name)
    graph.uri = transformed.graph
    examples.split_names = artifact_utils.encode_split_names(["train", "eval"])
    for split in ("train", "eval"):
        (tmp_path / "examples" / f"Split-{split}").mkdir(parents=True)
        shutil.copy(transformed.files[0], tmp_path / "examples" / f"Split-{split}")
    properties = Trainer(
        channel(standard_artifacts.Examples), channel(standard_artifacts.TransformGraph), settings
    ).exec_properties
    Executor().Do(
        {"examples": [examples], "transform_graph": [graph]}, {"model": [model], "model_run": [logs]}, properties
    )
    assert TrainedModel.load(model.uri).tags[0] == "[PAD]"
    assert model.get_float_custom_property("val_entity_f1") > 0.9
