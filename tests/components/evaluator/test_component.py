"""Specification of the Evaluator."""

from __future__ import annotations

import pytest
from support.evaluation import evaluator_settings
from support.lazy import LazyModule

from components.common.errors import NerError

component = LazyModule("components.evaluator.component")
standard_artifacts = LazyModule("tfx.types.standard_artifacts")


def evaluator(**changes):
    from tfx.types import channel_utils

    def channel(artifact_type):
        return channel_utils.as_channel([artifact_type()])

    arguments = {
        "examples": channel(standard_artifacts.Examples),
        "model": channel(standard_artifacts.Model),
        "schema": channel(standard_artifacts.Schema),
        "settings": evaluator_settings(),
        "example_splits": ["test"],
    }
    return component.Evaluator(**{**arguments, **changes})


def test_outputs_and_parameters():
    settings = evaluator_settings(rules=[{"slice": "source", "bound": 0.5}])
    node = evaluator(settings=settings, force_bless="why", code_version="abc")
    assert node.id == "Evaluator"
    assert node.outputs["evaluation"].type_name == "ModelEvaluation"
    assert node.outputs["blessing"].type_name == "ModelBlessing"
    assert node.exec_properties == {
        "settings": settings.model_dump_json(),
        "force_bless": "why",
        "example_splits": '["test"]',
        "code_version": "abc",
        "metrics_version": "",
    }
    assert "baseline_model" not in node.inputs


def test_custom_metrics_are_imported_before_anything_runs():
    node = evaluator(settings=evaluator_settings(metrics={"mine": "support.custom_metric:exact_match"}))
    assert len(node.exec_properties["metrics_version"]) == 16
    with pytest.raises(NerError, match=r"evaluator\.metrics\.mine: .*no_such_package"):
        evaluator(settings=evaluator_settings(metrics={"mine": "no_such_package:metric"}))
