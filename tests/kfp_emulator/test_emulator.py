"""KFP's driver and launcher, on pipelines of shell commands."""

from __future__ import annotations

import json

import pytest
from support.repository import ROOT

from components.common.errors import NerError

MODEL = "{{$.outputs.artifacts['model'].path}}"
INPUT = "{{$.inputs.artifacts['model'].path}}"
MESSAGE = "{{$}}"
OUTPUT_FILE = f"$(dirname {MODEL})/output_metadata.json"


def two(small, first, second, **of_second):
    """a -> b."""
    return small.pipeline(
        [small.task("a"), small.task("b", {"model": ("a", "model")}, **of_second)],
        {"a": small.component("a", outputs=["model"]), "b": small.component("b", ["model"], outputs=["model"])},
        {"a": small.shell(first), "b": small.shell(second)},
    )


def report(metadata, key="model"):
    """A command that writes an ExecutorOutput for its one output."""
    message = json.dumps({"artifacts": {key: {"artifacts": [{"metadata": metadata}]}}})
    return f"echo '{message}' > {OUTPUT_FILE}"


@pytest.mark.parametrize("root", ["minio://bucket/a", pytest.param("gs://bucket/a/", marks=pytest.mark.extended)])
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


def test_undeclared_outputs_and_inputs_are_lost(small):
    bucket = "$NER_MIRROR_ROOT/minio/elsewhere"
    write = f"mkdir -p {MODEL} {bucket}; echo a > {MODEL}/f; touch here {bucket}/x; {report({}, 'other')}"
    document = two(small, write, "find $NER_MIRROR_ROOT -name f; ls", after=["a"])
    document["root"]["dag"]["tasks"]["b"]["inputs"] = {}
    result = small.run(document)
    assert result.succeeded
    assert result.task("b").log.read_text() == ""
    assert set(result.artifacts["a"]) == {"model", "executor-logs"}
    assert not list(small.emulator.store.folder.rglob("x"))


def test_an_artifact_arrives_as_the_metadata_store_returns_it(small):
    first = report({"version": 3, "blessed": True, "names": ["a"], "counts": {"x": 1}, "text": "t"})
    result = small.run(two(small, first, f"cat <<'END'\n{MESSAGE}\nEND"))
    message = json.loads(result.task("b").log.read_text())
    [artifact] = message["inputs"]["artifacts"]["model"]["artifacts"]
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


def test_an_executor_input_has_the_shape_of_a_recorded_one(small):
    """The record is of KFP 2.17's own driver."""
    file = ROOT / "tests/pipeline/kubeflow/container/recorded_nodes.json"
    recorded = json.loads(file.read_text())["Trainer"]["invocation"]
    result = small.run(two(small, f"mkdir -p {MODEL}", f"cat <<'END'\n{MESSAGE}\nEND"))
    message = json.loads(result.task("b").log.read_text())

    def keys(side, name):
        return set(side["artifacts"][name]["artifacts"][0])

    assert keys(message["inputs"], "model") == keys(recorded["inputs"], "examples")
    for name in ("model", "executor-logs"):
        assert keys(message["outputs"], name) == keys(recorded["outputs"], name)
    for one in (message, recorded):
        outputs = one["outputs"]["artifacts"]
        folder = outputs["model"]["artifacts"][0]["uri"].removeprefix("minio://").removesuffix("/model")
        assert one["outputs"]["outputFile"].endswith(f"/minio/{folder}/output_metadata.json")
        assert outputs["executor-logs"]["artifacts"][0]["uri"] == f"minio://{folder}/executor-logs-0"


@pytest.mark.extended
def test_every_container_has_an_output_for_its_logs(small):
    result = small.one("echo to stdout; echo to stderr >&2", outputs=())
    logs = result.artifacts["a"]["executor-logs"]
    assert small.emulator.store.path(logs.uri).read_text() == "to stdout\nto stderr\n"


@pytest.mark.extended
def test_an_executor_output_is_read_strictly(small):
    for command, message in [
        (f"echo '{{\"artifact\": {{}}}}' > {OUTPUT_FILE}", "failed to unmarshall ExecutorOutput"),
        (f"echo 'not JSON' > {OUTPUT_FILE}", "failed to unmarshall ExecutorOutput"),
        (report({"reason": None}), "unknown/unsupported value type of reason"),
    ]:
        result = small.one(command)
        assert result.task("a").state == "failed"
        assert message in result.task("a").message


@pytest.mark.extended
def test_a_uri_without_a_mirror_is_not_uploaded(small):
    output = json.dumps({"artifacts": {"model": {"artifacts": [{"uri": "/minio/bucket/x"}]}}})
    result = small.one(f"mkdir -p {MODEL}; touch {MODEL}/f; echo '{output}' > {OUTPUT_FILE}")
    assert result.artifacts["a"]["model"].uri == "/minio/bucket/x"
    assert not list(small.emulator.store.folder.rglob("f"))


def test_a_failed_task_ends_the_run_with_the_last_line_of_its_log(small):
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


@pytest.mark.extended
def test_a_task_is_retried_as_its_policy_says(small):
    count = f"echo x >> {small.folder}/count; test $(wc -l < {small.folder}/count) -ge"
    policy = {"maxRetryCount": 2, "backoffDuration": "3600s"}
    result = small.one(f"{count} 3", outputs=(), retryPolicy=policy)
    assert result.task("a").tries == 3
    assert small.lines[0].endswith("ok, 3 tries")
    assert result.artifacts["a"]["executor-logs"].uri.endswith("/executor-logs-2")
    assert small.one(f"{count} 99", outputs=(), retryPolicy=policy).task("a").tries == 3
    assert small.one(f"{count} 99", outputs=()).task("a").tries == 1


def test_an_output_parameter_decides_whether_a_task_runs(small):
    """A parameter without an entry in the ExecutorOutput is the text of its file."""
    inputs = {"go": {"taskOutputParameter": {"producerTask": "a", "outputParameterKey": "go"}}}
    condition = {"triggerPolicy": {"condition": "inputs.parameter_values['go'] == 'yes'"}}
    for text, state in (("yes", "succeeded"), ("no", "skipped")):
        components = {"a": small.component("a"), "b": small.component("b", parameters={"go": "STRING"})}
        components["a"]["outputDefinitions"]["parameters"] = {"go": {"parameterType": "STRING"}}
        document = small.pipeline(
            [small.task("a"), small.task("b", inputs, after=["a"], **condition), small.task("c", after=["b"])],
            {**components, "c": small.component("c")},
            {
                "a": small.shell(f"printf {text} > \"{{{{$.outputs.parameters['go'].output_file}}}}\""),
                "b": small.shell("true"),
                "c": small.shell("true"),
            },
        )
        result = small.run(document)
        assert result.succeeded
        assert [result.task(name).state for name in "bc"] == [state, state]


def test_a_task_with_the_same_inputs_comes_from_the_cache(small):
    document = two(small, "true", "true")
    for task in document["root"]["dag"]["tasks"].values():
        task["cachingOptions"] = {"enableCache": True}
    assert {task.state for task in small.run(document).tasks} == {"succeeded"}
    assert {task.state for task in small.run(document).tasks} == {"cached"}
    document["deploymentSpec"]["executors"]["a-executor"]["container"]["image"] = "other"
    result = small.run(document)
    assert [result.task(name).state for name in "ab"] == ["succeeded", "succeeded"]  # `a` made a new artifact


@pytest.mark.extended
def test_a_pod_is_killed_at_its_deadline(small):
    executors = {"a-executor": {"activeDeadlineSeconds": "1"}}
    platform = {"platforms": {"kubernetes": {"deploymentSpec": {"executors": executors}}}}
    result = small.one("exec sleep 60", platform=platform)
    assert "DeadlineExceeded" in result.task("a").message


@pytest.mark.extended
def test_parameters_arrive_as_floats_and_constants_may_be_placeholders(small):
    inputs = {
        "epochs": {"componentInputParameter": "epochs"},
        "name": {"runtimeValue": {"constant": "{{$.pipeline_job_name}}"}},
        "run": {"runtimeValue": {"constant": "{{$.pipeline_job_uuid}}"}},
    }
    document = small.pipeline(
        [small.task("a", inputs)],
        {"a": small.component("a", parameters={"epochs": "NUMBER_INTEGER", "name": "STRING", "run": "STRING"})},
        {"a": small.shell(f"cat <<'END'\n{MESSAGE}\nEND")},
        {"epochs": {"parameterType": "NUMBER_INTEGER", "defaultValue": 3, "isOptional": True}},
    )
    result = small.run(document, run_name="nightly")
    parameters = json.loads(result.task("a").log.read_text())["inputs"]["parameterValues"]
    assert parameters == {"epochs": 3.0, "name": "nightly", "run": result.run_id}


def importer(small, uri):
    document = two(small, "", f"cat {INPUT}/f")
    document["root"]["dag"]["tasks"]["a"]["inputs"] = {
        "parameters": {"artifact_uri": {"componentInputParameter": "data"}}
    }
    document["root"]["inputDefinitions"] = {"parameters": {"data": {"parameterType": "STRING"}}}
    schema = {"instanceSchema": "title: components.Corpus\ntype: object\n"}
    document["deploymentSpec"]["executors"]["a-executor"] = {"importer": {"artifactUri": uri, "typeSchema": schema}}
    return document


@pytest.mark.extended
def test_an_importer_returns_an_existing_artifact(small):
    (small.folder / "f").write_text("text")
    small.emulator.store.put("minio://data/corpus/f", small.folder / "f")
    for uri in ({"constant": "minio://data/corpus"}, {"runtimeParameter": "artifact_uri"}):
        result = small.run(importer(small, uri), parameters={"data": "minio://data/corpus"})
        assert result.task("b").log.read_text() == "text"


@pytest.mark.extended
def test_an_importer_refuses_paths_and_buckets(small):
    for uri, message in [
        ("/data", "no provider scheme found in artifact URI: /data"),
        ("minio://data", "has empty key"),
        ("", "empty artifact URI runtime value"),
    ]:
        result = small.run(importer(small, {"runtimeParameter": "artifact_uri"}), parameters={"data": uri})
        assert message in result.task("a").message


@pytest.mark.extended
def test_a_task_waits_for_the_producers_of_its_inputs_as_on_a_cluster(small):
    document = two(small, "sleep 0.2", "true")
    document["root"]["dag"]["tasks"]["b"]["dependentTasks"] = []
    result = small.run(document)
    assert [result.task(name).state for name in "ab"] == ["succeeded", "succeeded"]


def test_row_15_an_argument_that_is_too_long_for_linux_is_reported(small):
    result = small.one(f"echo {MESSAGE} > /dev/null", parameters={"long": {}}, arguments={"long": "x" * 140_000})
    assert "argument list too long" in result.task("a").message


@pytest.mark.extended
def test_the_command_has_the_environment_of_its_container(small):
    document = two(small, "test $COLOUR = blue; test $(pwd) != $OLDPWD", "true")
    document["deploymentSpec"]["executors"]["a-executor"]["container"]["env"] = [{"name": "COLOUR", "value": "blue"}]
    assert small.run(document).succeeded


@pytest.mark.extended
def test_a_run_that_kubeflow_would_not_start_is_refused(small):
    document = two(small, "true", "true")
    for root in ("/data", "file:///data"):
        with pytest.raises(NerError, match="unsupported scheme"):
            small.run(document, root=root)
    document["root"]["dag"]["tasks"]["a"]["dependentTasks"] = ["b"]
    with pytest.raises(NerError, match="wait for each other"):
        small.run(document)
