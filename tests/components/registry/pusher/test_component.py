from __future__ import annotations

import json

import pytest
from support.lazy import LazyModule

from components.registry.settings import RegistrySettings

types = LazyModule("tfx.types")
standard_artifacts = LazyModule("tfx.types.standard_artifacts")

SETTINGS = RegistrySettings(uri="sqlite:////data/mlflow.db", serving_dir="/data/serving", keep_versions=3)


def component(**changes):
    from components.registry.pusher.component import RegistryPusher

    arguments = {
        "exported_model": types.Channel(type=standard_artifacts.Model),
        "blessing": types.Channel(type=standard_artifacts.ModelBlessing),
        "model_name": "ner",
        "settings": SETTINGS,
        "lineage": {"run_fingerprint": "5f", "baseline_version": ""},
    }
    return RegistryPusher(**{**arguments, **changes})


def test_settings_and_lineage_travel_as_json():
    pusher = component(params={"trainer.epochs": "20"})
    properties = pusher.exec_properties
    assert pusher.outputs["pushed_model"].type is standard_artifacts.PushedModel
    assert RegistrySettings.model_validate_json(properties.pop("settings")) == SETTINGS
    assert properties == {
        "model_name": "ner",
        "lineage": '{"baseline_version": "", "run_fingerprint": "5f"}',
        "params": '{"trainer.epochs": "20"}',
        "run_name": None,
        "run_fingerprint": None,
    }
    assert json.loads(component().exec_properties["params"]) == {}


def test_evaluation_trained_model_and_documents_are_optional():
    assert set(component().inputs) == {"exported_model", "blessing"}
    evaluation = types.Channel(type=standard_artifacts.ModelEvaluation)
    assert set(component(evaluation=evaluation).inputs) == {"exported_model", "blessing", "evaluation"}


def test_a_channel_of_another_type_is_refused():
    with pytest.raises(TypeError, match="ModelBlessing"):
        component(blessing=types.Channel(type=standard_artifacts.Model))
