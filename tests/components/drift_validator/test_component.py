"""Specification of the DriftValidator."""

from __future__ import annotations

import pytest
from support.lazy import LazyModule

from configs.loading import load_config

pytestmark = pytest.mark.extended

types = LazyModule("tfx.types")
standard_artifacts = LazyModule("tfx.types.standard_artifacts")

SETTINGS = load_config(None, ["drift.requests=log.jsonl"]).drift


def _component(**changes):
    from components.drift_validator.component import DriftValidator

    arguments = {
        "examples": types.Channel(type=standard_artifacts.Examples),
        "schema": types.Channel(type=standard_artifacts.Schema),
        "champion": types.Channel(type=standard_artifacts.Model),
        "settings": SETTINGS,
    }
    return DriftValidator(**{**arguments, **changes})


def test_output_and_parameters_are_declared():
    from components.artifacts import DataProfileArtifact
    from components.drift_validator.settings import DriftSettings

    component = _component(code_version="c0de")
    assert component.outputs["profile"].type is DataProfileArtifact
    properties = component.exec_properties
    assert properties["code_version"] == "c0de"
    passed = DriftSettings.model_validate_json(properties["settings"])
    assert passed == SETTINGS.model_copy(update={"requests": None})


def test_wrong_artifact_type_is_refused():
    with pytest.raises(TypeError, match="Examples"):
        _component(examples=types.Channel(type=standard_artifacts.Model))
