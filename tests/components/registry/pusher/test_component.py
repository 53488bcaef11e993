from __future__ import annotations

import json

import pytest
from tfx import types
from tfx.types import standard_artifacts

from components.artifacts import DataProfileArtifact
from components.registry.pusher.component import RegistryPusher


def _component(**changes) -> RegistryPusher:
    arguments = {
        "model": types.Channel(type=standard_artifacts.Model),
        "blessing": types.Channel(type=standard_artifacts.ModelBlessing),
        "registry_uri": "sqlite:////data/mlflow.db",
        "model_name": "ner",
        "serving_dir": "/data/serving",
        "lineage": {"run_fingerprint": "5f", "baseline_version": ""},
    }
    return RegistryPusher(**{**arguments, **changes})


def test_registry_pusher_declares_its_output_and_parameters():
    component = _component(params={"trainer.epochs": "20"}, keep_versions=3)
    assert component.outputs["pushed_model"].type is standard_artifacts.PushedModel
    assert component.exec_properties == {
        "registry_uri": "sqlite:////data/mlflow.db",
        "model_name": "ner",
        "serving_dir": "/data/serving",
        "lineage": '{"baseline_version": "", "run_fingerprint": "5f"}',
        "params": '{"trainer.epochs": "20"}',
        "keep_versions": 3,
        "run_name": None,
    }


def test_registry_pusher_takes_lineage_as_json_too():
    text = json.dumps({"run_fingerprint": "5f"})
    assert _component(lineage=text).exec_properties["lineage"] == text


def test_registry_pusher_takes_what_else_there_is():
    assert set(_component().inputs) == {"model", "blessing"}
    component = _component(
        evaluation=types.Channel(type=standard_artifacts.ModelEvaluation),
        examples=types.Channel(type=standard_artifacts.Examples),
        schema=types.Channel(type=standard_artifacts.Schema),
        transform_graph=types.Channel(type=standard_artifacts.TransformGraph),
        trained_model=types.Channel(type=standard_artifacts.Model),
        data_profile=types.Channel(type=DataProfileArtifact),
    )
    optional = {"evaluation", "examples", "schema", "transform_graph", "trained_model", "data_profile"}
    assert set(component.inputs) == {"model", "blessing"} | optional


def test_registry_pusher_refuses_another_type_of_artifact():
    with pytest.raises(TypeError, match="ModelBlessing"):
        _component(blessing=types.Channel(type=standard_artifacts.Model))
