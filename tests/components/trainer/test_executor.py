"""Component and executor of the Trainer."""

from __future__ import annotations

import gzip
import json
import shutil

import pytest
from absl import logging
from support.lazy import LazyModule
from support.tiny_corpus import sentences

from components.common.errors import NerError
from components.keys import TRANSFORM_GRAPH_FILE

tfx_types = LazyModule("tfx.types")
standard_artifacts = LazyModule("tfx.types.standard_artifacts")
executor = LazyModule("components.trainer.executor")
trained_model = LazyModule("components.trainer.trained_model")


def component(settings, **more):
    from components.trainer.component import Trainer

    examples, graph = (
        tfx_types.Channel(type=kind) for kind in (standard_artifacts.Examples, standard_artifacts.TransformGraph)
    )
    return Trainer(examples=examples, transform_graph=graph, settings=settings, **more)


@pytest.mark.parametrize("settings", ["cnn_linear"], indirect=True)
def test_component_has_standard_outputs_and_its_settings_as_one_property(settings):
    trainer = component(settings, code_version="x")
    outputs = {name: channel.type_name for name, channel in trainer.outputs.items()}
    assert outputs == {"trained_model": "Model", "model_run": "ModelRun"}
    assert executor.trainer_settings(trainer.exec_properties) == settings


@pytest.mark.parametrize("settings", ["cnn_linear"], indirect=True)
def test_epochs_may_arrive_as_a_float(settings):
    trainer = component(settings)
    floats = {n: float(v) if isinstance(v, int) else v for n, v in trainer.exec_properties.items()}
    assert executor.trainer_settings(floats) == settings
    assert isinstance(executor.trainer_settings(floats).epochs, int)


def artifacts(transformed, tmp_path, model="model"):
    """Inputs and outputs of `Do`."""
    from tfx.types import artifact_utils

    examples, graph = standard_artifacts.Examples(), standard_artifacts.TransformGraph()
    trained, logs = standard_artifacts.Model(), standard_artifacts.ModelRun()
    for name, artifact in (("examples", examples), (model, trained), ("logs", logs)):
        artifact.uri = str(tmp_path / name)
    graph.uri = transformed.graph
    examples.split_names = artifact_utils.encode_split_names(["train", "eval"])
    for split in ("train", "eval"):
        (tmp_path / "examples" / f"Split-{split}").mkdir(parents=True, exist_ok=True)
        shutil.copy(transformed.files[0], tmp_path / "examples" / f"Split-{split}")
    return {"examples": [examples], "transform_graph": [graph]}, {"trained_model": [trained], "model_run": [logs]}


@pytest.mark.parametrize("settings", ["transformer"], indirect=True)
def test_do_writes_a_model_that_loads(transformed, settings, tmp_path):
    inputs, outputs = artifacts(transformed, tmp_path)
    executor.Executor().Do(inputs, outputs, component(settings).exec_properties)
    (model,) = outputs["trained_model"]
    assert trained_model.TrainedModel.load(model.uri).tags[0] == "[PAD]"
    assert model.get_float_custom_property("val_entity_f1") > 0.9
    assert list((tmp_path / "logs").rglob("events.out.tfevents.*"))
    assert (tmp_path / "model" / "word_vocabulary").is_file(), "a warm start needs it"


@pytest.mark.parametrize("settings", ["transformer"], indirect=True)
def test_the_state_is_kept_until_the_model_is_saved_and_a_retry_resumes(transformed, settings, tmp_path, monkeypatch):
    def fail(self, folder):
        raise OSError("disk full")

    states = tmp_path / "states"
    trainer = component(settings.replace({"epochs": 2, "checkpoint_steps": 3}), checkpoint_dir=str(states))
    lines = []
    monkeypatch.setattr(logging, "info", lambda text, *args: lines.append(text % args))
    with monkeypatch.context() as patch:
        patch.setattr(trained_model.TrainedModel, "save", fail)
        with pytest.raises(OSError, match="disk full"):
            executor.Executor().Do(*artifacts(transformed, tmp_path), trainer.exec_properties)
    (state,) = states.iterdir()
    assert [file.name for file in state.iterdir()] == ["state.npz"]
    inputs, outputs = artifacts(transformed, tmp_path, "retry")
    executor.Executor().Do(inputs, outputs, trainer.exec_properties)
    assert any(line.startswith(f"resuming from {state}/state.npz") for line in lines)
    assert len(trained_model.TrainedModel.load(outputs["trained_model"][0].uri).history) == 2
    assert not list(states.iterdir())


@pytest.mark.parametrize("settings", ["transformer"], indirect=True)
def test_a_host_that_is_not_the_chief_writes_nothing(transformed, settings, tmp_path, monkeypatch):
    from components.trainer import devices, training

    monkeypatch.setattr(devices, "choose_devices", lambda kind, hosts: devices.Devices(None, host=1, hosts=2))
    monkeypatch.setattr(training, "train", lambda *args, **kwargs: None)
    inputs, outputs = artifacts(transformed, tmp_path)
    executor.Executor().Do(inputs, outputs, component(settings).exec_properties)
    assert not (tmp_path / "model").exists()


@pytest.mark.extended
@pytest.mark.parametrize("settings", ["transformer"], indirect=True)
def test_a_teacher_adds_its_tags_of_unlabelled_texts_to_the_training(
    trained, transformed, settings, tmp_path, monkeypatch
):
    from components.trainer.teacher.graph_archive import archive_graph

    teacher, texts = tmp_path / "teacher", tmp_path / "texts.jsonl.gz"
    trained.save(str(teacher))
    archive_graph(transformed.graph, str(teacher))
    texts.write_bytes(gzip.compress("".join(f"{json.dumps(text)}\n" for text, _ in sentences(40, seed=4)).encode()))
    pretrained = {"teacher": {"path": str(teacher), "version": ""}, "unlabelled": {"path": str(texts), "version": ""}}
    lines = []
    monkeypatch.setattr(logging, "info", lambda text, *args: lines.append(text % args))
    inputs, outputs = artifacts(transformed, tmp_path)
    once = settings.replace({"epochs": 2})
    executor.Executor().Do(inputs, outputs, component(once, pretrained=pretrained).exec_properties)
    assert any(line.startswith("the teacher tagged 40 texts with") for line in lines)
    assert any(line.startswith("train split: 340 windows") for line in lines)
    assert outputs["trained_model"][0].get_float_custom_property("val_entity_f1") > 0.9
    assert (tmp_path / "model" / TRANSFORM_GRAPH_FILE).is_file(), "so that it can be a teacher, too"
    pretrained["unlabelled"]["version"] = "another content"
    with pytest.raises(NerError, match=rf"^trainer\.unlabelled: {texts} changed during the run"):
        executor.Executor().Do(inputs, outputs, component(once, pretrained=pretrained).exec_properties)
