"""DriftValidator's contract."""

from __future__ import annotations

import pytest
from tfx import types
from tfx.types import standard_artifacts

from components.artifacts import DataProfileArtifact
from components.drift_validator.component import DriftValidator
from components.drift_validator.drift_thresholds import DriftThresholds

LIMITS = DriftThresholds("warn", 200, 0.25, 0.2, None, 0.15)


def _component(**changes) -> DriftValidator:
    arguments = {
        "examples": types.Channel(type=standard_artifacts.Examples),
        "schema": types.Channel(type=standard_artifacts.Schema),
        "champion": types.Channel(type=standard_artifacts.Model),
        "thresholds": LIMITS,
    }
    return DriftValidator(**{**arguments, **changes})


def test_the_gate_declares_its_output_and_parameters():
    component = _component(code_version="c0de")
    assert component.outputs["profile"].type is DataProfileArtifact
    assert component.exec_properties == {"thresholds": LIMITS.to_json(), "tokenizer": "words", "code_version": "c0de"}
    assert DriftThresholds.from_json(component.exec_properties["thresholds"]) == LIMITS


def test_the_gate_refuses_another_type_of_artifact():
    with pytest.raises(TypeError, match="Examples"):
        _component(examples=types.Channel(type=standard_artifacts.Model))
