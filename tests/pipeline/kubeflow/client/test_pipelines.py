"""Compiled pipelines, and their versions on a server."""

from __future__ import annotations

import pytest
import yaml

from components.common.errors import NerError
from pipeline.kubeflow.client.parameters import typed_parameters
from pipeline.kubeflow.client.pipeline_spec import PipelineSpec
from pipeline.kubeflow.client.pipelines import find_version, upload
from pipeline.kubeflow.client.server_error import ServerError

PLATFORM = {"platforms": {"kubernetes": {"deploymentSpec": {"executors": {}}}}}


def test_a_first_upload_makes_the_pipeline_and_a_version_of_the_given_name(server, connection, compiled):
    done = upload(connection, compiled(), "v1")
    assert done.is_new
    assert (done.pipeline_name, done.version_name) == ("ner", "v1")
    assert [p["display_name"] for p in server.pipelines.values()] == ["ner"]
    assert [v["display_name"] for v in server.versions.values()] == ["v1"]


def test_the_same_content_is_not_uploaded_again(server, connection, compiled):
    first = upload(connection, compiled(), "v1")
    other_layout = compiled("other.yaml")
    other_layout.write_text(yaml.safe_dump(yaml.safe_load(other_layout.read_text()), sort_keys=True, indent=6))
    again = upload(connection, other_layout, "v2")
    assert (again.is_new, again.version_id, again.version_name) == (False, first.version_id, "v1")
    assert len(server.versions) == 1


@pytest.mark.parametrize("change", [{"sdkVersion": "tfx-1.21.0"}, {"platform": PLATFORM}], ids=["spec", "platform"])
def test_other_content_is_a_new_version_of_the_same_pipeline(server, connection, compiled, change):
    upload(connection, compiled(), "v1")
    assert upload(connection, compiled(**change), "v2").is_new
    assert (len(server.pipelines), len(server.versions)) == (1, 2)
    assert find_version(connection, "ner")[0].display_name == "v2"


def test_going_back_to_older_content_is_a_new_version_too(server, connection, compiled):
    """What counts is the newest: that is what runs."""
    upload(connection, compiled(), "v1")
    upload(connection, compiled(sdkVersion="x"), "v2")
    assert upload(connection, compiled(), "v3").is_new


def test_an_upload_that_broke_off_is_mended_by_the_next(server, connection, compiled):
    server.plan("POST", "upload_version", "lose")
    with pytest.raises(ServerError):
        upload(connection, compiled(), "v1")
    assert (len(server.pipelines), len(server.versions)) == (1, 0)
    with pytest.raises(NerError, match="has no version; upload one"):
        find_version(connection, "ner")
    assert upload(connection, compiled(), "v1").is_new
    assert (len(server.pipelines), len(server.versions)) == (1, 1)


def test_an_upload_whose_answer_was_lost_is_not_doubled(server, connection, compiled):
    server.plan("POST", "upload_version", "drop")
    with pytest.raises(ServerError):
        upload(connection, compiled(), "v1")
    assert not upload(connection, compiled(), "v2").is_new
    assert len(server.versions) == 1


def test_a_version_name_in_use_is_the_servers_word(connection, compiled):
    upload(connection, compiled(), "v1")
    with pytest.raises(ServerError, match=r"refuses \(409\): Already exist"):
        upload(connection, compiled(sdkVersion="x"), "v1")


def test_names_that_differ_in_case_are_two_pipelines(server, connection, compiled):
    upload(connection, compiled(), "v1", "ner")
    upload(connection, compiled(), "v1", "NER")
    assert len(server.pipelines) == 2


def test_the_namespace_goes_along(fake, compiled):
    from pipeline.kubeflow.client.connection import connect

    server = fake(multi_user=True)
    upload(connect(server.host, "team-a"), compiled(), "v1")
    assert [p["namespace"] for p in server.pipelines.values()] == ["team-a"]
    upload(connect(server.host, "team-a"), compiled(), "v1")
    assert len(server.versions) == 1


def test_versions_are_found_by_name_and_id_and_others_are_named(server, connection, compiled):
    server.page_limit = 2
    made = [upload(connection, compiled(sdkVersion=str(i)), f"v{i}") for i in range(5)]
    for wanted in ("v1", made[1].version_id):
        assert find_version(connection, "ner", wanted)[0].pipeline_version_id == made[1].version_id
    assert find_version(connection, made[0].pipeline_id)[1] == "ner"
    with pytest.raises(NerError, match="no version 'v9'; there is v4, v3, v2, v1, v0"):
        find_version(connection, "ner", "v9")
    with pytest.raises(NerError, match="no pipeline 'nerd'; there is ner;"):
        find_version(connection, "nerd")
    with pytest.raises(NerError, match="has no pipeline '00-00'"):
        find_version(connection, "00-00")


def test_a_version_gives_back_both_parts(connection, compiled):
    path = compiled(platform=PLATFORM)
    upload(connection, path, "v1")
    version, _ = find_version(connection, "ner")
    assert PipelineSpec.of_version(version).digest == PipelineSpec.of_file(path).digest


def test_tasks_come_after_those_they_need(spec):
    tasks = spec["root"]["dag"]["tasks"]
    del tasks["RegistryPusher"]["dependentTasks"], tasks["Trainer"]["dependentTasks"]
    tasks["RegistryPusher"]["inputs"] = {"artifacts": {"m": {"taskOutputArtifact": {"producerTask": "Trainer"}}}}
    tasks["Trainer"]["inputs"] = {"parameters": {"e": {"taskOutputParameter": {"producerTask": "CorpusExampleGen"}}}}
    tasks |= {name: {} for name in ("A", "C", "B")}
    for order in (tasks.items(), reversed(tasks.items()), sorted(tasks.items())):
        spec["root"]["dag"]["tasks"] = dict(order)
        assert PipelineSpec(spec).tasks == ["A", "B", "C", "CorpusExampleGen", "Trainer", "RegistryPusher"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: [", "is not YAML"),
        ("", "one YAML document, or two"),
        ("[1]", "one YAML document, or two"),
        ("a: 1\n---\nb: 1\n---\nc: 1", "one YAML document, or two"),
        ("a: 1", "not a compiled pipeline: pipelineInfo.name and root are missing"),
        ("pipelineSpec: {}\ndisplayName: x", "a PipelineJob, which is for Vertex AI"),
        ("pipelineInfo: {name: x}\nroot: {}\nschemaVersion: 2.0.0", "schemaVersion is '2.0.0'.*takes '2.1.0'"),
        ("pipelineInfo: {name: x}\nroot: {}\nschemaVersion: 2.1.0\n---\nx: 1", "second document has no `platforms`"),
    ],
)
def test_what_is_no_pipeline_is_told_with_the_file(tmp_path, text, message):
    path = tmp_path / "x.yaml"
    path.write_text(text)
    with pytest.raises(NerError, match=message) as caught:
        PipelineSpec.of_file(path)
    assert str(path) in str(caught.value)


def test_files_that_cannot_be_read_are_told(tmp_path):
    with pytest.raises(NerError, match="cannot be read: No such file"):
        PipelineSpec.of_file(tmp_path / "x.yaml")
    with pytest.raises(NerError, match=r"is a .yaml file"):
        PipelineSpec.of_file(tmp_path / "x.json")
    (tmp_path / "binary.yaml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(NerError, match="cannot be read"):
        PipelineSpec.of_file(tmp_path / "binary.yaml")


# --- parameters


@pytest.fixture
def pipeline(spec):
    return PipelineSpec(spec, source="p.yaml")


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("data=s3://b/c=d", "s3://b/c=d"),
        ("data=", ""),
        ("data=7", "7"),
        ("span=-1", -1),
        ("rate=1e-3", 0.001),
        ("rate=2", 2.0),
        ("fresh=True", True),
        ("fresh=false", False),
        ("tags=[1, \"a\"]", [1, "a"]),
        ('more={"a": [1]}', {"a": [1]}),
    ],
)  # fmt: skip
def test_values_have_the_type_that_the_pipeline_declares(pipeline, setting, value):
    found = typed_parameters(pipeline, [setting])[setting.partition("=")[0]]
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("span", "not NAME=VALUE"),
        ("=3", "not NAME=VALUE"),
        ("spam=3", r"p.yaml has no such parameter; it has data \(STRING\), span \(NUMBER_INTEGER\)"),
        ("span=1.5", "NUMBER_INTEGER wants a whole number"),
        ("span=1_0", "wants a whole number"),
        ("span=", "wants a whole number"),
        ("span=[[ScheduledTime]]", r"wants a whole number \(macros"),
        ("rate=nan", "wants a number"),
        ("rate=x", "wants a number"),
        ("fresh=1", "BOOLEAN wants true or false"),
        ("tags={}", "LIST wants a list"),
        ("more=[]", "STRUCT wants an object"),
        ("more={", "STRUCT wants an object"),
        ("data=[[ScheduledTime]]", "replaced in scheduled runs only"),
    ],
)
def test_wrong_values_are_told(pipeline, setting, message):
    with pytest.raises(NerError, match=message):
        typed_parameters(pipeline, [setting])


def test_a_parameter_given_twice_or_not_at_all_is_told(pipeline, spec):
    with pytest.raises(NerError, match="span is given twice"):
        typed_parameters(pipeline, ["span=1", "span=2"])
    spec["root"]["inputDefinitions"]["parameters"]["must"] = {"parameterType": "STRING"}
    with pytest.raises(NerError, match=r"p.yaml wants a value of must: --param must="):
        typed_parameters(pipeline, [])
    assert typed_parameters(pipeline, ["must=x"]) == {"must": "x"}
    spec["root"]["inputDefinitions"]["parameters"]["must"]["parameterType"] = "TASK_FINAL_STATUS"
    with pytest.raises(NerError, match="TASK_FINAL_STATUS cannot be given"):
        typed_parameters(pipeline, ["must=x"])


@pytest.mark.parametrize("macro", ["ScheduledTime", "CurrentTime", "ScheduledTime.2006-01-02", "Index", "RunUUID"])
def test_schedules_may_hold_macros_in_text(pipeline, macro):
    assert typed_parameters(pipeline, [f"data=s3://b/[[{macro}]]/x"], macros=True)["data"] == f"s3://b/[[{macro}]]/x"


@pytest.mark.parametrize("macro", ["Scheduledtime", "Today", "Index.1", ""])
def test_macros_that_kfp_leaves_as_they_are_are_refused(pipeline, macro):
    with pytest.raises(NerError, match=r"does not know \[\["):
        typed_parameters(pipeline, [f"data=[[{macro}]]"], macros=True)
