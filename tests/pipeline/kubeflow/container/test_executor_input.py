from __future__ import annotations

import json

import pytest
from google.protobuf import json_format

from pipeline.kubeflow.container.executor_input import read_input

MODEL = {"instanceSchema": "title: tfx.Model\ntype: object\n"}
SPEC = json.dumps({"artifacts": {"model": {"artifactType": MODEL}}, "parameters": {}})


def metadata_of(mended, name="model"):
    return json_format.MessageToDict(mended.message.inputs.artifacts[name].artifacts[0].metadata)


@pytest.mark.parametrize(
    "given", [{"instanceSchema": ""}, {}, {"schemaTitle": "system.Artifact"}, {"schemaTitle": "system.Model"}]
)
def test_lost_types_are_those_of_the_compiled_component(pod, given):
    message = json.loads(pod.invocation(inputs={"model": ("minio://b/m", {})}))
    message["inputs"]["artifacts"]["model"]["artifacts"][0]["type"] = given
    mended = read_input(json.dumps(message), SPEC)
    assert mended.message.inputs.artifacts["model"].artifacts[0].type.instance_schema == MODEL["instanceSchema"]


def test_uris_become_paths(pod):
    mended = read_input(pod.invocation(inputs={"model": ("minio://b/m", {})}, outputs={"model": MODEL}), SPEC)
    assert mended.message.inputs.artifacts["model"].artifacts[0].uri == str(pod.folder / "minio/b/m")
    assert mended.message.outputs.artifacts["model"].artifacts[0].uri.startswith(str(pod.folder / "minio/bucket/root"))


def test_the_file_about_outputs_is_a_path_on_vertex_ai_too(pod):
    message = json.loads(pod.invocation())
    message["outputs"]["outputFile"] = "gs://b/run/executor_output.json"
    assert read_input(json.dumps(message)).message.outputs.output_file == f"{pod.folder}/gcs/b/run/executor_output.json"


def test_outputs_that_tfx_does_not_know_are_set_aside(pod):
    outputs = {
        "model": MODEL,
        "page": {"schemaTitle": "system.HTML"},
        "old": {"instanceSchema": "title: system.Metrics\ntype: object\n"},
    }
    mended = read_input(pod.invocation(outputs=outputs), SPEC)
    assert list(mended.message.outputs.artifacts) == ["model"]
    assert set(mended.extra_outputs) == {"executor-logs", "page", "old"}
    assert mended.extra_outputs["page"].uri.startswith(str(pod.folder))


def test_what_kubeflow_adds_to_the_metadata_is_taken_out_again(pod):
    metadata = {
        "display_name": "model",
        "store_session_info": "{}",
        "_kfp_schema_title": "tfx.Model",
        "version": 3,
        "names": {"list": ["a", "b"]},
        "counts": {"struct": {"x": 1}},
        "own": {"list": "a text"},
    }
    mended = read_input(pod.invocation(inputs={"model": ("minio://b/m", metadata)}), SPEC)
    assert metadata_of(mended) == {"version": 3, "names": ["a", "b"], "counts": {"x": 1}, "own": {"list": "a text"}}


def test_a_parameter_without_a_value_is_left_out(pod):
    mended = read_input(pod.invocation(parameters={"epochs": None, "name": "", "on": False}), SPEC)
    assert set(mended.message.inputs.parameter_values) == {"name", "on"}


def test_fields_of_newer_backends_are_passed_over(pod):
    message = json.loads(pod.invocation()) | {"of_tomorrow": 1}
    assert read_input(json.dumps(message), SPEC).message.outputs.output_file == str(pod.output_file)


RUN = "7b9e1c52-30f4-4d57-9a59-1f2f6c3e8a01"


@pytest.mark.parametrize(
    ("uri", "node", "run"),
    [
        (f"minio://b/root/ner/{RUN}/Trainer/0b2fbb7e-52bb-4b7b-8d0b-7a4b1d6a5f00/model", "Trainer", RUN),
        ("minio://b/a/Trainer/0b2fbb7e-52bb-4b7b-8d0b-7a4b1d6a5f00/model", "Trainer", ""),
        ("gs://b/root/123/ner-2026/Trainer_-42/model", "Trainer", "ner-2026"),
        ("gs://b/root/123/ner-2026/My_Node_42/model", "My_Node", "ner-2026"),
        ("minio://b/somewhere/else/model", "trainer", ""),
    ],
)
def test_node_and_run_are_named_by_the_outputs_uris(pod, uri, node, run):
    message = json.loads(pod.invocation(outputs={"model": MODEL}, logs=False))
    message["outputs"]["artifacts"]["model"]["artifacts"][0]["uri"] = uri
    mended = read_input(json.dumps(message), SPEC, "components.trainer.executor.Executor")
    assert (mended.node, mended.run_id) == (node, run)
