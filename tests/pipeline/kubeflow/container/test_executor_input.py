"""ExecutorInput of Kubeflow's driver, recorded and made up."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from support.lazy import LazyModule

executor_input = LazyModule("pipeline.kubeflow.container.executor_input")
MODEL = {"instanceSchema": "title: tfx.Model\ntype: object\n"}
SPEC = json.dumps({"artifacts": {"model": {"artifactType": MODEL}}, "parameters": {}})
RUN = "00000001-0000-4000-8000-000000000000"


def metadata_of(task, name="model"):
    from google.protobuf import json_format

    return json_format.MessageToDict(task.message.inputs.artifacts[name].artifacts[0].metadata)


def test_recorded_inputs_of_kfps_own_driver_are_read(pod):
    """The driver of KFP 2.17 wrote them for nodes of our pipeline."""
    recorded = json.loads(Path(__file__).with_name("recorded_nodes.json").read_text())
    for node, arguments in recorded.items():
        task = executor_input.read_input(json.dumps(arguments["invocation"]), json.dumps(arguments["inputs_spec"]))
        assert (task.node, task.run_id) == (node, RUN)
        assert set(task.extra_outputs) == {"executor-logs"}
        for name, artifacts in task.message.inputs.artifacts.items():
            schema = arguments["inputs_spec"]["artifacts"][name]["artifactType"]["instanceSchema"]
            assert artifacts.artifacts[0].type.instance_schema == schema
            assert artifacts.artifacts[0].uri.startswith(str(pod.folder / "minio/mlpipeline"))
            assert not {"display_name", "store_session_info"} & set(metadata_of(task, name))
    task = executor_input.read_input(json.dumps(recorded["Trainer"]["invocation"]))
    assert metadata_of(task, "examples")["split_names"] == '["test", "eval", "train"]'


def test_lost_types_are_those_of_the_compiled_component(pod):
    for kind in ({}, {"schemaTitle": "system.Artifact"}, {"schemaTitle": "system.Model"}):
        message = json.loads(pod.invocation(inputs={"model": ("minio://b/m", {})}))
        message["inputs"]["artifacts"]["model"]["artifacts"][0]["type"] = kind
        task = executor_input.read_input(json.dumps(message), SPEC)
        assert task.message.inputs.artifacts["model"].artifacts[0].type.instance_schema == MODEL["instanceSchema"]


def test_uris_become_paths(pod):
    message = json.loads(pod.invocation(inputs={"model": ("minio://b/m", {})}, outputs={"model": MODEL}))
    message["outputs"]["outputFile"] = "gs://b/run/executor_output.json"  # as on Vertex AI
    task = executor_input.read_input(json.dumps(message), SPEC)
    assert task.message.inputs.artifacts["model"].artifacts[0].uri == str(pod.folder / "minio/b/m")
    assert task.message.outputs.artifacts["model"].artifacts[0].uri.startswith(str(pod.folder / "minio/bucket/root"))
    assert task.message.outputs.output_file == f"{pod.folder}/gcs/b/run/executor_output.json"


def test_outputs_of_kubeflows_types_are_set_aside(pod):
    outputs = {
        "model": MODEL,
        "page": {"schemaTitle": "system.HTML"},
        "old": {"instanceSchema": "title: system.Metrics\ntype: object\n"},
    }
    task = executor_input.read_input(pod.invocation(outputs=outputs), SPEC)
    assert list(task.message.outputs.artifacts) == ["model"]
    assert set(task.extra_outputs) == {"executor-logs", "page", "old"}
    assert task.extra_outputs["page"].uri.startswith(str(pod.folder))


def test_kubeflows_metadata_is_removed_and_unwrapped(pod):
    metadata = {
        "display_name": "model",
        "store_session_info": "{}",
        "_kfp_schema_title": "tfx.Model",
        "version": 3,
        "names": {"list": ["a", "b"]},
        "counts": {"struct": {"x": 1}},
        "own": {"list": "a text"},
    }
    task = executor_input.read_input(pod.invocation(inputs={"model": ("minio://b/m", metadata)}), SPEC)
    assert metadata_of(task) == {"version": 3, "names": ["a", "b"], "counts": {"x": 1}, "own": {"list": "a text"}}


@pytest.mark.extended
def test_null_parameters_and_unknown_fields_are_ignored(pod):
    message = json.loads(pod.invocation(parameters={"epochs": None, "name": "", "on": False})) | {"new_field": 1}
    task = executor_input.read_input(json.dumps(message), SPEC)
    assert set(task.message.inputs.parameter_values) == {"name", "on"}


def test_the_outputs_uris_name_node_and_run(pod):
    execution = "0b2fbb7e-52bb-4b7b-8d0b-7a4b1d6a5f00"
    for uri, node, run in [
        (f"minio://b/a/Trainer/{execution}/model", "Trainer", ""),
        ("gs://b/root/123/ner-2026/Trainer_-42/model", "Trainer", "ner-2026"),
        ("gs://b/root/123/ner-2026/My_Node_42/model", "My_Node", "ner-2026"),
        ("minio://b/somewhere/else/model", "trainer", ""),
    ]:
        message = json.loads(pod.invocation(outputs={"model": MODEL}, logs=False))
        message["outputs"]["artifacts"]["model"]["artifacts"][0]["uri"] = uri
        task = executor_input.read_input(json.dumps(message), SPEC, "components.trainer.executor.Executor")
        assert (task.node, task.run_id) == (node, run)
