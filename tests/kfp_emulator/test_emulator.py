"""What Kubeflow's driver and launcher do, on pipelines of shell commands."""

from __future__ import annotations

import json

import pytest
from support.kfp_emulator.emulator_error import EmulatorError

MODEL = "{{$.outputs.artifacts['model'].path}}"
INPUT = "{{$.inputs.artifacts['model'].path}}"
TELL = "{{$}}"
TOLD = "$NER_MIRROR_ROOT/tmp/kfp_outputs"


def two(small, first, second, **of_second):
    """a -> b."""
    return small.pipeline(
        [small.task("a"), small.task("b", {"model": ("a", "model")}, **of_second)],
        {"a": small.component("a", outputs=["model"]), "b": small.component("b", ["model"], outputs=["model"])},
        {"a": small.shell(first), "b": small.shell(second)},
    )


def tell(metadata, key="model"):
    """A command that writes an ExecutorOutput for its one output."""
    message = json.dumps({"artifacts": {key: {"artifacts": [{"metadata": metadata}]}}})
    return f"mkdir -p {TOLD}; echo '{message}' > {TOLD}/output_metadata.json"


@pytest.mark.parametrize("root", ["minio://bucket/a", "s3://bucket/a", "gs://bucket/a/"])
def test_outputs_reach_the_next_task_through_the_object_store(small, root):
    write = f"mkdir -p {MODEL}/x/empty; echo one > {MODEL}/x/file"
    read = f"cat {INPUT}/x/file; test ! -e {INPUT}/x/empty; mkdir -p {MODEL}; cp {INPUT}/x/file {MODEL}/copy"
    result = small.run(two(small, write, read), root=root)
    assert [task.state for task in result.tasks] == ["succeeded", "succeeded"]
    assert result.task("b").log.read_text() == "one\n"
    uri = result.artifacts["b"]["model"].uri
    assert uri.startswith(f"{root.rstrip('/')}/small/{result.run_id}/b/")
    assert (small.emulator.store.path(uri) / "copy").read_text() == "one\n"
    assert not (small.folder / "work" / "pods" / result.run_id).exists()


def test_what_is_written_elsewhere_is_lost(small):
    bucket = "$NER_MIRROR_ROOT/minio/elsewhere"
    write = f"mkdir -p {MODEL} {bucket}; touch {MODEL}/../../kept here {bucket}/x"
    result = small.run(two(small, write, f"test ! -e {INPUT}; ls -R $NER_MIRROR_ROOT; ls"))
    assert result.succeeded
    assert not list(small.emulator.store.folder.rglob("kept"))
    assert not list(small.emulator.store.folder.rglob("x"))


def test_only_declared_inputs_are_there(small):
    document = two(small, f"mkdir -p {MODEL}; echo a > {MODEL}/f", "find $NER_MIRROR_ROOT -name f", after=["a"])
    document["root"]["dag"]["tasks"]["b"]["inputs"] = {}
    result = small.run(document)
    assert result.succeeded
    assert result.task("b").log.read_text() == ""


def test_an_artifact_arrives_as_the_metadata_store_gives_it_out(small):
    first = tell({"version": 3, "blessed": True, "names": ["a"], "counts": {"x": 1}, "text": "t"})
    result = small.run(two(small, first, f"cat <<'END'\n{TELL}\nEND"))
    given = json.loads(result.task("b").log.read_text())
    [artifact] = given["inputs"]["artifacts"]["model"]["artifacts"]
    assert artifact["type"] == {"instanceSchema": ""}
    metadata = artifact["metadata"]
    assert metadata.pop("store_session_info")
    assert metadata == {
        "display_name": "model",
        "version": 3,
        "blessed": 1,
        "names": {"list": ["a"]},
        "counts": {"struct": {"x": 1}},
        "text": "t",
    }


def test_every_container_has_an_output_for_its_logs(small):
    result = small.one("echo to stdout; echo to stderr >&2", outputs=())
    logs = result.artifacts["a"]["executor-logs"]
    assert small.emulator.store.path(logs.uri).read_text() == "to stdout\nto stderr\n"


@pytest.mark.parametrize(
    ("message", "found"),
    [('{"artifact": {}}', "failed to unmarshall ExecutorOutput"), ("no json", "failed to unmarshall ExecutorOutput")],
    ids=["unknown field", "no JSON"],
)
def test_what_a_component_tells_is_read_strictly(small, message, found):
    result = small.one(f"mkdir -p {TOLD}; echo '{message}' > {TOLD}/output_metadata.json")
    assert result.task("a").state == "failed"
    assert found in result.task("a").message


def test_a_null_in_the_metadata_fails_the_task(small):
    result = small.one(tell({"reason": None}))
    assert "unknown/unsupported value type of reason" in result.task("a").message


def test_outputs_that_are_not_declared_are_not_kept(small):
    assert set(small.one(tell({}, "other")).artifacts["a"]) == {"model", "executor-logs"}


def test_a_uri_without_a_mirror_is_not_uploaded(small):
    told = json.dumps({"artifacts": {"model": {"artifacts": [{"uri": "/minio/bucket/x"}]}}})
    script = f"mkdir -p {MODEL} {TOLD}; touch {MODEL}/f; echo '{told}' > {TOLD}/output_metadata.json"
    result = small.one(script)
    assert result.artifacts["a"]["model"].uri == "/minio/bucket/x"
    assert not list(small.emulator.store.folder.rglob("f"))


def test_a_failed_task_ends_the_run_with_the_last_line_of_its_pod(small):
    document = two(small, "echo first; echo 'error: a: no corpus' >&2; echo; exit 3", "true")
    document["root"]["dag"]["tasks"]["c"] = small.task("c", after=["b"])
    document["components"]["comp-c"] = small.component("a")
    result = small.run(document)
    assert not result.succeeded
    assert [(task.name, task.state, task.message) for task in result.tasks] == [
        ("a", "failed", "error: a: no corpus"),
        ("b", "skipped", "a failed"),
        ("c", "skipped", "b was skipped"),
    ]
    assert len(small.lines) == 3
    assert small.lines[0].startswith("a ")
    assert small.lines[0].endswith("failed: error: a: no corpus")


def test_a_task_is_tried_as_often_as_its_policy_says(small):
    policy = {"maxRetryCount": 3, "backoffDuration": "30s", "backoffFactor": 2.0, "backoffMaxDuration": "90s"}
    count = f"echo x >> {small.folder}/count; test $(wc -l < {small.folder}/count) -ge 4"
    result = small.one(count, outputs=(), retryPolicy=policy)
    assert result.task("a").tries == 4
    assert small.waits == [30.0, 60.0, 90.0]
    assert small.lines[0].endswith("ok, 4 tries")


def test_each_try_has_a_pod_of_its_own(small):
    script = f"test ! -e {MODEL}; mkdir -p {MODEL}; test ! -e left; touch left; exit 1"
    result = small.one(script, retryPolicy={"maxRetryCount": 1})
    assert (result.task("a").tries, result.task("a").log.read_text()) == (2, "")


def test_a_pod_that_takes_too_long_is_ended(small):
    platform = {"platforms": {"kubernetes": {"deploymentSpec": {"executors": {
        "a-executor": {"activeDeadlineSeconds": "1"}
    }}}}}  # fmt: skip
    result = small.one("sleep 20", outputs=(), platform=platform)
    assert result.task("a").message.startswith("DeadlineExceeded")
    assert result.task("a").seconds < 15


def test_a_condition_decides_whether_a_task_runs(small):
    condition = "(inputs.artifacts['model'].artifacts[0].metadata['blessed'] == 1.0)"
    for value, state in ((1, "succeeded"), (0, "skipped")):
        document = two(small, tell({"blessed": value}), "true", triggerPolicy={"condition": condition})
        result = small.run(document)
        assert result.task("b").state == state
        assert result.succeeded


def test_an_exit_handler_runs_in_any_case_and_is_told_how_it_went(small):
    for script, state in (("exit 1", "FAILED"), ("true", "SUCCEEDED")):
        document = small.pipeline(
            [
                small.task("work"),
                small.task("last", {"status": {"taskFinalStatus": {"producerTask": "work"}}}, ["work"], triggerPolicy={
                    "strategy": "ALL_UPSTREAM_TASKS_COMPLETED"
                }),
            ],
            {
                "work": {"dag": {"tasks": {"a": small.task("a")}}},
                "a": small.component("a"),
                "last": small.component("last", parameters={"status": "STRUCT"}),
            },
            {"a": small.shell(script), "last": small.shell("echo '{{$.inputs.parameters['status']}}'")},
        )  # fmt: skip
        document["deploymentSpec"]["executors"].pop("work-executor", None)
        result = small.run(document)
        assert [task.name for task in result.tasks] == ["a", "last"]
        assert result.succeeded == (state == "SUCCEEDED")
        assert json.loads(result.task("last").log.read_text())["state"] == state


def test_parameters_come_as_floats_and_constants_may_be_placeholders(small):
    inputs = {
        "epochs": {"componentInputParameter": "epochs"},
        "name": {"runtimeValue": {"constant": "{{$.pipeline_job_name}}"}},
        "run": {"runtimeValue": {"constant": "{{$.pipeline_job_uuid}}"}},
    }
    document = small.pipeline(
        [small.task("a", inputs)],
        {"a": small.component("a", parameters={"epochs": "NUMBER_INTEGER", "name": "STRING", "run": "STRING"})},
        {"a": small.shell(f"cat <<'END'\n{TELL}\nEND")},
        {"epochs": {"parameterType": "NUMBER_INTEGER", "defaultValue": 3, "isOptional": True}},
    )
    result = small.run(document, run_name="nightly")
    given = json.loads(result.task("a").log.read_text())["inputs"]["parameterValues"]
    assert given == {"epochs": 3.0, "name": "nightly", "run": result.run_id}


@pytest.mark.parametrize("constant", [True, False])
def test_an_importer_gives_out_what_is_there_already(small, constant):
    source = small.folder / "corpus"
    source.mkdir()
    (source / "f").write_text("text")
    small.emulator.store.put("minio://data/corpus", source)
    uri = {"constant": "minio://data/corpus"} if constant else {"runtimeParameter": "artifact_uri"}
    document = two(small, "", f"cat {INPUT}/f")
    document["root"]["dag"]["tasks"]["a"]["inputs"] = {
        "parameters": {"artifact_uri": {"componentInputParameter": "data"}}
    }
    document["root"]["inputDefinitions"] = {"parameters": {"data": {"parameterType": "STRING"}}}
    document["deploymentSpec"]["executors"]["a-executor"] = {
        "importer": {"artifactUri": uri, "typeSchema": {"instanceSchema": "title: components.Corpus\ntype: object\n"}}
    }
    result = small.run(document, parameters={"data": "minio://data/corpus"})
    assert result.task("b").log.read_text() == "text"


def test_a_path_on_a_volume_cannot_be_imported(small):
    document = two(small, "", "true")
    document["deploymentSpec"]["executors"]["a-executor"] = {
        "importer": {"artifactUri": {"constant": "/data"}, "typeSchema": {"instanceSchema": "title: tfx.Model\n"}}
    }
    result = small.run(document)
    assert not result.succeeded
    assert "no provider scheme found in artifact URI: /data" in result.task("a").message


def test_output_parameters_are_handed_on(small):
    document = small.pipeline(
        [
            small.task("a"),
            small.task("b", {"n": {"taskOutputParameter": {"producerTask": "a", "outputParameterKey": "n"}}}, ["a"]),
        ],
        {
            "a": small.component("a", values={"n": "NUMBER_INTEGER"}),
            "b": small.component("b", parameters={"n": "NUMBER_INTEGER"}),
        },
        {
            "a": small.shell(
                f"""mkdir -p {TOLD}; echo '{{"parameterValues": {{"n": 7}}}}' > {TOLD}/output_metadata.json"""
            ),
            "b": small.shell("echo {{$.inputs.parameters['n']}}"),
        },
    )
    assert small.run(document).task("b").log.read_text() == "7\n"


def test_a_task_that_forgets_what_it_depends_on_fails_as_on_a_cluster(small):
    document = two(small, "true", "true")
    document["root"]["dag"]["tasks"]["b"]["dependentTasks"] = []
    result = small.run(document)
    assert 'cannot find producer task "a"' in result.task("b").message


def test_row_15_an_argument_longer_than_linux_takes_is_named(small):
    value = "x" * 140_000
    result = small.one(f"echo {TELL} > /dev/null", parameters={"long": {}}, given={"long": value})
    assert "argument list too long" in result.task("a").message


def test_the_environment_of_the_executor_is_that_of_the_command(small):
    document = two(small, "test $COLOUR = blue; test $(pwd) != $OLDPWD", "true")
    document["deploymentSpec"]["executors"]["a-executor"]["container"]["env"] = [{"name": "COLOUR", "value": "blue"}]
    assert small.run(document).succeeded


@pytest.mark.parametrize("root", ["/data", "file:///data", "https://host/x"])
def test_a_root_that_kubeflow_does_not_know_is_refused(small, root):
    with pytest.raises(EmulatorError, match="unsupported scheme"):
        small.run(two(small, "true", "true"), root=root)


def test_tasks_that_wait_for_each_other_are_named(small):
    document = two(small, "true", "true")
    document["root"]["dag"]["tasks"]["a"]["dependentTasks"] = ["b"]
    with pytest.raises(EmulatorError, match="wait for each other"):
        small.run(document)
