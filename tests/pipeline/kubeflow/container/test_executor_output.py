"""ExecutorOutput for Kubeflow's launcher."""

from __future__ import annotations

import json

import pytest
from support.lazy import LazyModule

executor_output = LazyModule("pipeline.kubeflow.container.executor_output")


def message_of(uri, metadata):
    from google.protobuf import json_format
    from kfp.pipeline_spec import pipeline_spec_pb2

    return json_format.ParseDict(
        {"artifacts": {"out": {"artifacts": [{"uri": uri, "metadata": metadata}]}}}, pipeline_spec_pb2.ExecutorOutput()
    )


def written(pod):
    assert [path.name for path in pod.output_file.parent.iterdir()] == [pod.output_file.name]
    [artifact] = pod.output()["artifacts"]["out"]["artifacts"]
    return artifact


@pytest.mark.parametrize("scheme", ["minio", pytest.param("s3", marks=pytest.mark.extended)])
def test_paths_become_uris_everywhere(pod, scheme):
    path = f"{pod.folder}/{scheme}/bucket/out"
    metadata = {"model": f"{path}/model", "report": json.dumps({"files": [f"{path}/a.conll"]}), "other": "/data/s3/x"}
    executor_output.write_output(message_of(path, metadata), str(pod.output_file))
    assert written(pod) == {
        "uri": f"{scheme}://bucket/out",
        "metadata": {
            "model": f"{scheme}://bucket/out/model",
            "report": json.dumps({"files": [f"{scheme}://bucket/out/a.conll"]}),
            "other": "/data/s3/x",
        },
    }


def test_nulls_are_removed_because_the_launcher_refuses_them(pod):
    executor_output.write_output(message_of("minio://b/x", {"reason": None, "blessed": 1}), str(pod.output_file))
    assert written(pod)["metadata"] == {"blessed": 1}


@pytest.mark.extended
def test_an_artifact_has_properties_and_custom_properties(pod):
    from tfx.types import standard_artifacts

    examples = standard_artifacts.Examples()
    examples.uri = str(pod.path("minio://bucket/examples"))
    examples.split_names = '["train"]'
    examples.set_int_custom_property("tokens_in", 7)
    examples.set_float_custom_property("share", 0.5)
    executor_output.write_output(executor_output.build_output({"out": [examples]}, {0: ""}), str(pod.output_file))
    assert written(pod) == {
        "uri": "minio://bucket/examples",
        "metadata": {
            "split_names": '["train"]',
            "tokens_in": 7,
            "share": 0.5,
            "integer_properties": "tokens_in",
        },
    }
