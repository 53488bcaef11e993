"""Custom properties on their way from one pod through Kubeflow's metadata store to the next."""

from __future__ import annotations

import json

import pytest

from pipeline.kubeflow.container.property_kinds import restore_kinds


def through_kubeflow(pod, schema, artifact):
    """Passes an output artifact of one component to the next one."""
    from google.protobuf import json_format
    from kfp.pipeline_spec import pipeline_spec_pb2
    from support.kfp_emulator.stores import MetadataStore
    from tfx.orchestration.kubeflow.v2.container import kubeflow_v2_entrypoint_utils as tfx_utils

    from pipeline.kubeflow.container.executor_input import read_input
    from pipeline.kubeflow.container.executor_output import build_output, write_output

    write_output(build_output({"out": [artifact]}, {}), str(pod.output_file))
    output = json_format.Parse(pod.output_file.read_text(), pipeline_spec_pb2.ExecutorOutput())
    [written] = output.artifacts["out"].artifacts
    message = pipeline_spec_pb2.ExecutorInput(outputs={"output_file": str(pod.output_file)})
    message.inputs.artifacts["in"].artifacts.append(MetadataStore().record(written, "out"))
    spec = json.dumps({"artifacts": {"in": {"artifactType": schema(type(artifact))}}})
    task = read_input(json_format.MessageToJson(message), spec)
    [arrived] = tfx_utils.parse_raw_artifact_dict(task.message.inputs.artifacts)["in"]
    return arrived


@pytest.fixture
def examples():
    from tfx.types import standard_artifacts

    artifact = standard_artifacts.Examples()
    artifact.uri = "minio://bucket/examples"
    artifact.split_names = '["train", "eval"]'
    artifact.span = 7
    artifact.set_int_custom_property("span", 7)  # also the name of a declared property
    artifact.set_int_custom_property("present", 0)
    artifact.set_int_custom_property("registry_version", 12)
    artifact.set_float_custom_property("entity_f1", 1.0)  # an integral float
    artifact.set_float_custom_property("token_accuracy", 0.25)
    artifact.set_string_custom_property("reason", "")
    artifact.set_string_custom_property("ingest_report", '{"skipped": ["ä"]}')
    artifact.set_json_value_custom_property("signatures", ["keyed", "plain"])
    return artifact


def test_properties_of_all_kinds_arrive_unchanged(pod, schema, examples):
    arrived = through_kubeflow(pod, schema, examples)
    kinds = {value.WhichOneof("value") for value in arrived.mlmd_artifact.custom_properties.values()}
    assert kinds == {"struct_value"}  # what TFX makes of them
    restore_kinds(arrived)
    assert arrived.mlmd_artifact.properties == examples.mlmd_artifact.properties
    assert arrived.mlmd_artifact.custom_properties == examples.mlmd_artifact.custom_properties


@pytest.mark.extended
def test_numbers_of_another_pipelines_artifact_can_be_read_as_either(pod, schema, examples):
    arrived = through_kubeflow(pod, schema, examples)
    del arrived.mlmd_artifact.custom_properties["integer_properties"]
    restore_kinds(arrived)
    assert arrived.get_int_custom_property("registry_version") == 12
    assert arrived.get_float_custom_property("entity_f1") == 1.0
    assert arrived.get_string_custom_property("ingest_report") == '{"skipped": ["ä"]}'
