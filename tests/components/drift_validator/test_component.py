"""Specification of the DriftValidator."""

from __future__ import annotations

import pytest
from support.lazy import LazyModule

from components.drift_validator.drift_thresholds import DriftThresholds

types = LazyModule("tfx.types")
standard_artifacts = LazyModule("tfx.types.standard_artifacts")

LIMITS = DriftThresholds("warn", 200, 0.25, 0.2, None, 0.15)


def _component(**changes):
    from components.drift_validator.component import DriftValidator

    arguments = {
        "examples": types.Channel(type=standard_artifacts.Examples),
        "schema": types.Channel(type=standard_artifacts.Schema),
        "champion": types.Channel(type=standard_artifacts.Model),
        "thresholds": LIMITS,
    }
    return DriftValidator(**{**arguments, **changes})


def test_output_and_parameters_are_declared():
    from components.artifacts import DataProfileArtifact

    component = _component(code_version="c0de")
    assert component.outputs["profile"].type is DataProfileArtifact
    assert component.exec_properties == {"thresholds": LIMITS.to_json(), "tokenizer": "words", "code_version": "c0de"}
    assert DriftThresholds.from_json(component.exec_properties["thresholds"]) == LIMITS


def test_wrong_artifact_type_is_refused():
    with pytest.raises(TypeError, match="Examples"):
        _component(examples=types.Channel(type=standard_artifacts.Model))
