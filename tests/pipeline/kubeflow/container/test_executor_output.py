from __future__ import annotations

import json

import pytest
from google.protobuf import json_format
from kfp.pipeline_spec import pipeline_spec_pb2 as spec_pb2
from tfx.types import standard_artifacts

from pipeline.kubeflow.container.executor_output import add_parameters, build_output, write_output


def message_of(uri, metadata):
    return json_format.ParseDict(
        {"artifacts": {"out": {"artifacts": [{"uri": uri, "metadata": metadata}]}}}, spec_pb2.ExecutorOutput()
    )


def told(pod):
    [artifact] = pod.told()["artifacts"]["out"]["artifacts"]
    return artifact


@pytest.mark.parametrize("scheme", ["minio", "s3"])
def test_paths_become_uris_wherever_they_stand(pod, scheme):
    place = f"{pod.folder}/{scheme}/bucket/out"
    metadata = {"model": f"{place}/model", "report": json.dumps({"files": [f"{place}/a.conll"]}), "other": "/data/s3/x"}
    write_output(message_of(place, metadata), str(pod.output_file))
    assert told(pod) == {
        "uri": f"{scheme}://bucket/out",
        "metadata": {
            "model": f"{scheme}://bucket/out/model",
            "report": json.dumps({"files": [f"{scheme}://bucket/out/a.conll"]}),
            "other": "/data/s3/x",
        },
    }


def test_nulls_are_left_out_since_the_launcher_fails_on_them(pod):
    write_output(message_of("minio://b/x", {"reason": None, "blessed": 1}), str(pod.output_file))
    assert told(pod)["metadata"] == {"blessed": 1}


def test_the_file_is_there_as_a_whole_or_not_at_all(pod):
    write_output(message_of("minio://b/x", {}), str(pod.output_file))
    assert [path.name for path in pod.output_file.parent.iterdir()] == [pod.output_file.name]


def test_an_artifact_is_told_with_properties_and_custom_properties(pod):
    examples = standard_artifacts.Examples()
    examples.uri = str(pod.path("minio://bucket/examples"))
    examples.split_names = '["train"]'
    examples.set_int_custom_property("tokens_in", 7)
    examples.set_float_custom_property("share", 0.5)
    write_output(build_output({"out": [examples]}, {0: ""}), str(pod.output_file))
    assert told(pod) == {
        "uri": "minio://bucket/examples",
        "metadata": {
            "split_names": '["train"]',
            "tokens_in": 7,
            "share": 0.5,
            "integer_properties": "tokens_in",
        },
    }


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (standard_artifacts.Integer, 7),
        (standard_artifacts.Float, 0.5),
        (standard_artifacts.String, "ä"),
        (standard_artifacts.Boolean, True),
    ],
    ids=["integer", "float", "string", "boolean"],
)
def test_an_output_parameter_has_the_value_of_its_artifact(tmp_path, kind, value):
    artifact = kind()
    artifact.uri = str(tmp_path / "value")
    artifact.write(value)
    message = spec_pb2.ExecutorOutput()
    add_parameters(message, {"n": None}, {"n": [artifact], "other": []})
    assert json_format.MessageToDict(message) == {"parameterValues": {"n": value}}
