"""Specification of the DataValidator."""

from __future__ import annotations


def test_outputs_and_parameters():
    from tfx.types import channel_utils, standard_artifacts

    from components.data_validator import DataValidator
    from components.data_validator.executor import Executor

    node = DataValidator(
        statistics=channel_utils.as_channel([standard_artifacts.ExampleStatistics()]),
        schema=channel_utils.as_channel([standard_artifacts.Schema()]),
        required_splits=["train", "eval"],
        schema_file="schemas/schema.pbtxt",
        named_types={"exporter.min_score": ["PER"]},
        teacher_tags=["O", "B-PER"],
    )
    assert node.id == "DataValidator"
    assert node.outputs["anomalies"].type_name == "ExampleAnomalies"
    assert node.exec_properties["required_splits"] == '["train", "eval"]'
    assert node.exec_properties["exclude_splits"] == "[]"
    assert node.exec_properties["schema_file"] == "schemas/schema.pbtxt"
    assert node.exec_properties["named_types"] == '{"exporter.min_score": ["PER"]}'
    assert node.exec_properties["teacher_tags"] == '["O", "B-PER"]'
    assert node.executor_spec.executor_class is Executor
