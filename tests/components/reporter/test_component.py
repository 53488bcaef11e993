"""Specification of the Reporter and types of its artifacts."""

from __future__ import annotations

import importlib
import json

import pytest

from configs.loading import load_config


def test_inputs_outputs_and_parameters():
    from tfx import types
    from tfx.types import standard_artifacts

    from components.artifacts import DataProfileArtifact, Report
    from components.reporter.component import Reporter

    def channel(kind):
        return types.Channel(type=kind)

    node = Reporter(
        evaluation=channel(standard_artifacts.ModelEvaluation),
        exported_model=channel(standard_artifacts.Model),
        statistics=channel(standard_artifacts.ExampleStatistics),
        data_profile=channel(DataProfileArtifact),
        model_name="ner",
        lineage={"run_fingerprint": "5f1c"},
        settings=load_config(None, ["card.languages=[en]"]).card,
    )
    assert {name: output.type for name, output in node.outputs.items()} == {"report": Report}
    assert json.loads(node.exec_properties["settings"])["languages"] == ["en"]
    assert json.loads(node.exec_properties["lineage"]) == {"run_fingerprint": "5f1c"}
    assert "hyperparameters" not in node.inputs


def test_kubeflow_can_serialize_and_import_the_artifact_types():
    from tfx.orchestration.kubeflow.v2 import compiler_utils

    from components.artifacts import DataProfileArtifact, Report

    for kind in (Report, DataProfileArtifact):
        assert f"title: {kind.TYPE_NAME}" in compiler_utils.get_artifact_schema(kind)
        module, _, name = kind.TYPE_NAME.rpartition(".")
        assert getattr(importlib.import_module(module), name) is kind


def test_package_has_no_other_names():
    with pytest.raises(AttributeError, match="no attribute 'Other'"):
        getattr(importlib.import_module("components"), "Other")  # noqa: B009  (mypy would object to .Other)
