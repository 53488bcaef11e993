"""Strict reading of pipelines and parameters."""

from __future__ import annotations

import copy

import pytest

from components.common.errors import NerError

SPECS = {
    "epochs": {"parameterType": "NUMBER_INTEGER", "defaultValue": 3, "isOptional": True},
    "rate": {"parameterType": "NUMBER_DOUBLE", "isOptional": True},
    "data": {"parameterType": "STRING"},
    "on": {"parameterType": "BOOLEAN", "defaultValue": False},
    "list": {"parameterType": "LIST", "isOptional": True},
}


@pytest.fixture
def document(small):
    return small.pipeline([small.task("a")], {"a": small.component("a")}, {"a": small.shell("true")})


def read_pipeline(file):
    from support.kfp_emulator.pipeline_file import read_pipeline

    return read_pipeline(file)


def platform(executors, name="kubernetes"):
    return {"platforms": {name: {"deploymentSpec": {"executors": executors}}}}


@pytest.mark.extended
def test_a_pipeline_of_one_document(small, document):
    read = read_pipeline(small.write(document))
    assert read.spec.pipeline_info.name == "small"
    assert read.deployment.executors["a-executor"].container.command[0] == "sh"
    assert read.pods == {}


@pytest.mark.extended
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


def test_what_the_api_server_or_the_emulator_refuses(small, document):
    for path, value, message in [
        ("schemaVersion", "2.0.0", "KFP only supports schema version 2.1.0, but the pipeline spec has version 2.0.0"),
        ("pipelineInfo.name", "Has Capitals", "name 'Has Capitals' should consist of lower case"),
        ("root", None, "root component is empty"),
        ("colour", "blue", 'no field named "colour"'),
        ("root.dag.tasks.a.colour", "blue", 'no field named "colour"'),
        ("deploymentSpec.executors.a-executor.container.colour", "x", "invalid deploymentSpec"),
        ("root.dag.tasks.a.componentRef.name", "comp-b", "task a: no component 'comp-b'"),
        ("components.comp-a.executorLabel", "b", "component comp-a: no executor 'b'"),
        ("root.dag.tasks.a.triggerPolicy", {"strategy": "ALL_UPSTREAM_TASKS_COMPLETED"}, "not support an exit handler"),
        ("components.comp-a", {"dag": {"tasks": {}}}, "does not support a sub-DAG"),
    ]:
        with pytest.raises(NerError) as refused:
            read_pipeline(small.write(changed(copy.deepcopy(document), path, value)))
        assert message in str(refused.value)


def test_row_5_a_resolver_is_refused(small, document):
    document["deploymentSpec"]["executors"]["a-executor"] = {"resolver": {"outputArtifactQueries": {}}}
    with pytest.raises(NerError, match="resolver executors not implemented"):
        read_pipeline(small.write(document))


def test_documents_that_are_not_one_pipeline_are_refused(small, document):
    for documents, message in (
        ([document, document], "multiple pipeline specs"),
        ([platform({})], "no pipeline spec"),
        ([document, {"colour": "blue"}], "not a platform spec"),
        ([document, platform({}, "moon")], "for moon, not kubernetes"),
        ([document, platform({"b-executor": {}})], "'b-executor', not an executor"),
    ):
        with pytest.raises(NerError, match=message):
            read_pipeline(small.write(*documents))


@pytest.mark.extended
def test_the_second_document_is_read_strictly(small, document):
    pytest.importorskip("kfp.kubernetes", reason="kfp-kubernetes is not installed")
    with pytest.raises(NerError, match="invalid Kubernetes configuration"):
        read_pipeline(small.write(document, platform({"a-executor": {"colour": "blue"}})))


@pytest.mark.extended
def test_a_file_that_is_not_a_pipeline_is_named(tmp_path):
    file = tmp_path / "x.yaml"
    for text in ("a: [", "", "just text"):
        file.write_text(text)
        with pytest.raises(NerError, match=r"x\.yaml"):
            read_pipeline(file)


@pytest.fixture
def inputs():
    from google.protobuf import json_format
    from kfp.pipeline_spec import pipeline_spec_pb2

    return json_format.ParseDict({"parameters": SPECS}, pipeline_spec_pb2.ComponentInputsSpec())


@pytest.mark.extended
def test_defaults_fill_missing_parameters(inputs):
    from google.protobuf import json_format
    from support.kfp_emulator.pipeline_file import run_parameters

    values = {name: json_format.MessageToDict(value) for name, value in run_parameters(inputs, {"data": "x"}).items()}
    assert values == {"epochs": 3.0, "rate": None, "data": "x", "on": False, "list": None}


def test_row_7_wrong_parameters_are_refused_with_the_api_servers_words(inputs):
    from support.kfp_emulator.pipeline_file import run_parameters

    for arguments, message in [
        ({}, "parameter data is not optional, yet has neither default value nor user provided value"),
        ({"data": "x", "colour": "b"}, "parameter(s) provided are not required by pipeline: colour"),
        ({"data": 3}, "input parameter data requires type string, but the parameter value is not of string value type"),
        ({"data": "x", "epochs": "3"}, "input parameter epochs requires type double or integer, but"),
        ({"data": "x", "on": 1}, "input parameter on requires type bool, but"),
    ]:
        with pytest.raises(NerError) as refused:
            run_parameters(inputs, arguments)
        assert str(refused.value).startswith(message)


@pytest.mark.extended
def test_texts_of_a_command_line_are_read_by_type(inputs):
    from support.kfp_emulator.pipeline_file import parse_parameter

    assert parse_parameter(inputs, "data", "7") == "7"
    assert parse_parameter(inputs, "epochs", "7") == 7
    assert parse_parameter(inputs, "list", '["a"]') == ["a"]
    with pytest.raises(NerError, match="--param epochs: 'x' is not of type double or integer"):
        parse_parameter(inputs, "epochs", "x")
