"""The Trainer's executor and component."""

from __future__ import annotations

import shutil

import pytest
from absl import logging
from tfx import types
from tfx.types import artifact_utils, standard_artifacts

from components.trainer import devices, training
from components.trainer.component import Trainer
from components.trainer.devices import Devices
from components.trainer.executor import Executor, trainer_settings
from components.trainer.trained_model import TrainedModel


def component(settings, **more):
    examples, graph = (
        types.Channel(type=kind) for kind in (standard_artifacts.Examples, standard_artifacts.TransformGraph)
    )
    return Trainer(examples=examples, transform_graph=graph, settings=settings, **more)


def test_component_has_typed_parameters_and_standard_outputs(settings):
    trainer = component(settings, code_version="x")
    assert {name: c.type_name for name, c in trainer.outputs.items()} == {"model": "Model", "model_run": "ModelRun"}
    assert trainer.exec_properties["epochs"] == 5
    assert trainer_settings(trainer.exec_properties) == settings


def test_settings_survive_parameters_that_come_back_as_floats(settings):
    trainer = component(settings)
    floats = {n: float(v) if isinstance(v, int) else v for n, v in trainer.exec_properties.items()}
    assert trainer_settings(floats) == settings
    assert isinstance(trainer_settings(floats).epochs, int)


def artifacts(transformed, tmp_path, model="model"):
    """What TFX hands to `Do`."""
    examples, graph, trained, logs = (
        kind() for kind in (
            standard_artifacts.Examples, standard_artifacts.TransformGraph, standard_artifacts.Model,
            standard_artifacts.ModelRun,
        )
    )  # fmt: skip
    for name, artifact in (("examples", examples), (model, trained), ("logs", logs)):
        artifact.uri = str(tmp_path / name)
    graph.uri = transformed.graph
    examples.split_names = artifact_utils.encode_split_names(["train", "eval"])
    for split in ("train", "eval"):
        (tmp_path / "examples" / f"Split-{split}").mkdir(parents=True, exist_ok=True)
        shutil.copy(transformed.files[0], tmp_path / "examples" / f"Split-{split}")
    return {"examples": [examples], "transform_graph": [graph]}, {"model": [trained], "model_run": [logs]}


def properties(settings, **more):
    return component(settings, **more).exec_properties


@pytest.mark.parametrize("settings", ["transformer"], indirect=True)
def test_do_writes_a_model_that_loads(transformed, settings, tmp_path):
    inputs, outputs = artifacts(transformed, tmp_path)
    Executor().Do(inputs, outputs, properties(settings))
    (model,) = outputs["model"]
    assert TrainedModel.load(model.uri).tags[0] == "[PAD]"
    assert model.get_float_custom_property("val_entity_f1") > 0.9
    assert list((tmp_path / "logs").rglob("events.out.tfevents.*"))


@pytest.mark.parametrize("settings", ["transformer"], indirect=True)
def test_state_is_kept_until_the_model_is_safe_and_found_by_a_retry(transformed, settings, tmp_path, monkeypatch):
    told = properties(settings.replace({"epochs": 2, "checkpoint_steps": 3}), checkpoint_dir=str(tmp_path / "states"))
    said = []
    monkeypatch.setattr(logging, "info", lambda text, *args: said.append(text % args))
    with monkeypatch.context() as patch:
        patch.setattr(TrainedModel, "save", _fails)
        with pytest.raises(OSError, match="disk full"):
            Executor().Do(*artifacts(transformed, tmp_path), told)
    (state,) = (tmp_path / "states").iterdir()
    assert [file.name for file in state.iterdir()] == ["state.npz"]
    inputs, outputs = artifacts(transformed, tmp_path, "retry")
    Executor().Do(inputs, outputs, told)
    assert any(text.startswith(f"resuming from {state}/state.npz") for text in said)
    assert len(TrainedModel.load(outputs["model"][0].uri).history) == 2
    assert not list((tmp_path / "states").iterdir())


def _fails(self, folder):
    raise OSError("disk full")


@pytest.mark.parametrize("settings", ["transformer"], indirect=True)
def test_a_host_that_is_not_the_chief_writes_nothing(transformed, settings, tmp_path, monkeypatch):
    monkeypatch.setattr(devices, "choose_devices", lambda kind, hosts: Devices(None, host=1, hosts=2))
    monkeypatch.setattr(training, "train", lambda *args: None)
    inputs, outputs = artifacts(transformed, tmp_path)
    Executor().Do(inputs, outputs, properties(settings))
    assert not (tmp_path / "model").exists()
