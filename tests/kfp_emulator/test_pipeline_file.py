from __future__ import annotations

import pytest
from support.kfp_emulator.emulator_error import EmulatorError
from support.kfp_emulator.pipeline_file import read_pipeline


@pytest.fixture
def document(small):
    return small.pipeline([small.task("a")], {"a": small.component("a")}, {"a": small.shell("true")})


def platform(executors, name="kubernetes"):
    return {"platforms": {name: {"deploymentSpec": {"executors": executors}}}}


def test_a_pipeline_of_one_document(small, document):
    read = read_pipeline(small.write(document))
    assert read.spec.pipeline_info.name == "small"
    assert read.deployment.executors["a-executor"].container.command[0] == "sh"
    assert read.pods == {}


def test_a_second_document_is_about_pods(small, document):
    read = read_pipeline(small.write(document, platform({"a-executor": {"activeDeadlineSeconds": "7"}})))
    assert read.pods["a-executor"]["activeDeadlineSeconds"] == "7"


def changed(document, path, value):
    *parents, last = path.split(".")
    inner = document
    for key in parents:
        inner = inner[key]
    if value is None:
        del inner[last]
    else:
        inner[last] = value
    return document


@pytest.mark.parametrize(
    ("path", "value", "found"),
    [
        ("schemaVersion", "2.0.0", "KFP only supports schema version 2.1.0, but the pipeline spec has version 2.0.0"),
        ("pipelineInfo.name", "Has Capitals", "name 'Has Capitals' should consist of lower case"),
        ("root", None, "root component is empty"),
        ("colour", "blue", 'no field named "colour"'),
        ("root.dag.tasks.a.colour", "blue", 'no field named "colour"'),
        ("deploymentSpec.executors.a-executor.container.colour", "x", "invalid deploymentSpec"),
        ("root.dag.tasks.a.componentRef.name", "comp-b", "task a: there is no component 'comp-b'"),
        ("components.comp-a.executorLabel", "b", "component comp-a: there is no executor 'b'"),
    ],
)
def test_what_the_api_server_refuses_is_refused(small, document, path, value, found):
    with pytest.raises(EmulatorError) as refused:
        read_pipeline(small.write(changed(document, path, value)))
    assert found in str(refused.value)


def test_row_5_a_resolver_is_refused(small, document):
    document["deploymentSpec"]["executors"]["a-executor"] = {"resolver": {"outputArtifactQueries": {}}}
    with pytest.raises(EmulatorError, match="resolver executors not implemented"):
        read_pipeline(small.write(document))


def test_documents_that_are_not_one_pipeline_are_refused(small, document):
    for documents, found in (
        ([document, document], "multiple pipeline specs"),
        ([platform({})], "no pipeline spec"),
        ([document, {"colour": "blue"}], "no platform spec"),
        ([document, platform({}, "moon")], "for moon, not kubernetes"),
        ([document, platform({"b-executor": {}})], "'b-executor', which is no executor"),
    ):
        with pytest.raises(EmulatorError, match=found):
            read_pipeline(small.write(*documents))


def test_the_second_document_is_read_strictly(small, document):
    pytest.importorskip("kfp.kubernetes", reason="kfp-kubernetes is not installed")
    with pytest.raises(EmulatorError, match="invalid Kubernetes configuration"):
        read_pipeline(small.write(document, platform({"a-executor": {"colour": "blue"}})))


@pytest.mark.parametrize("text", ["a: [", "", "just text"])
def test_a_file_that_is_no_pipeline_is_named(tmp_path, text):
    file = tmp_path / "x.yaml"
    file.write_text(text)
    with pytest.raises(EmulatorError, match=r"x\.yaml"):
        read_pipeline(file)
