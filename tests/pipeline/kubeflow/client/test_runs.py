"""Runs: start, find, follow, read their output."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from components.common.errors import NerError
from pipeline.kubeflow.client.pipeline_spec import PipelineSpec
from pipeline.kubeflow.client.run_status import RunStatus
from pipeline.kubeflow.client.runs import find_run, start_spec, status_of
from pipeline.kubeflow.client.server_error import ServerError

DONE = {"CorpusExampleGen": "SUCCEEDED", "Trainer": "SUCCEEDED", "RegistryPusher": "SUCCEEDED"}
GOOD = [
    {},
    {"CorpusExampleGen": "RUNNING"},
    {"CorpusExampleGen": "SUCCEEDED", "Trainer": "RUNNING"},
    {"CorpusExampleGen": "SUCCEEDED", "Trainer": "RUNNING"},
    {"": "SUCCEEDED", **DONE},
]
BAD = [{"CorpusExampleGen": "RUNNING"}, {"": "FAILED", "CorpusExampleGen": "SUCCEEDED", "Trainer": "FAILED"}]


def test_a_run_has_the_version_the_parameters_and_the_root(server, start):
    run = server.runs[start("nightly", parameters={"span": 3, "data": "s3://b/c"}, root="s3://b/root")]
    assert run["display_name"] == "nightly"
    assert run["pipeline_version_reference"]["pipeline_version_id"] in server.versions
    assert run["runtime_config"] == {"parameters": {"span": 3, "data": "s3://b/c"}, "pipeline_root": "s3://b/root"}
    assert server.experiments[run["experiment_id"]]["display_name"] == "Default"


@pytest.mark.parametrize("caching", [True, False])
def test_caching_is_set_for_all_tasks_although_the_server_takes_it_with_no_version(server, start, caching):
    tasks = server.runs[start(caching=caching)]["pipeline_spec"]["root"]["dag"]["tasks"]
    # protobuf's JSON leaves out what is false
    assert [task["cachingOptions"].get("enableCache", False) for task in tasks.values()] == [caching] * 3


@pytest.mark.parametrize("platform", [None, {"platforms": {"kubernetes": {"deploymentSpec": {"executors": {}}}}}])
def test_a_file_runs_without_being_uploaded(server, connection, compiled, platform):
    spec = PipelineSpec.of_file(compiled(platform=platform))
    run = server.runs[start_spec(connection, spec, name="r", experiment="e", parameters={})]
    assert server.pipelines == {}
    assert ("platform_spec" in run["pipeline_spec"]) is (platform is not None)
    assert PipelineSpec.of_version(find_run(connection, "r")).tasks == ["CorpusExampleGen", "Trainer", "RegistryPusher"]


def test_a_specification_that_kfp_does_not_know_is_told(connection, compiled):
    spec = PipelineSpec.of_file(compiled(newField={}))
    with pytest.raises(NerError, match=r"pipeline.yaml is no pipeline that this kfp knows.*newField"):
        start_spec(connection, spec, name="r", experiment="e", parameters={})


def test_runs_are_found_by_id_and_by_name(connection, start):
    run_id = start("nightly 2026")
    start("Nightly 2026")
    assert find_run(connection, run_id).run_id == find_run(connection, "nightly 2026").run_id == run_id


def test_several_runs_of_a_name_are_listed(connection, start):
    ids = [start("twin"), start("twin")]
    with pytest.raises(NerError, match="2 runs are called 'twin'; give the ID of one") as caught:
        find_run(connection, "twin")
    assert all(run_id in str(caught.value) for run_id in ids)


def test_a_run_on_a_late_page_is_found(server, connection, start):
    server.page_limit = 3
    ids = [start(f"twin{i % 2}") for i in range(10)]
    with pytest.raises(NerError, match="5 runs are called 'twin1'") as caught:
        find_run(connection, "twin1")
    assert all(run_id in str(caught.value) for run_id in ids[1::2])


@pytest.mark.parametrize("wanted", ["nightli", "a/b?c", "00000000-0000-0000-0000-000000000000"])
def test_an_unknown_run_names_those_there_are(connection, start, wanted):
    start("nightly")
    with pytest.raises(NerError, match=r"has no run .*there is nightly"):
        find_run(connection, wanted)


def test_no_runs_at_all(connection):
    with pytest.raises(NerError, match=r"has no run 'x'$"):
        find_run(connection, "x")


def test_a_server_that_fails_is_not_taken_for_an_unknown_run(server, connection):
    server.plan("GET", "/runs/", 500)
    with pytest.raises(ServerError, match="500"):
        find_run(connection, "x")


def test_a_runs_status_has_every_task_of_the_pipeline_in_order(server, connection, start):
    server.scripts["r"] = [GOOD[2]]
    status = status_of(connection, find_run(connection, start()))
    assert [(task.name, task.state) for task in status.tasks] == [
        ("CorpusExampleGen", "SUCCEEDED"), ("Trainer", "RUNNING"), ("RegistryPusher", "PENDING"),
    ]  # fmt: skip
    assert (status.done, status.ended, status.tasks[0].seconds) == (1, False, 65.0)
    assert status.as_json()["tasks"][0]["name"] == "CorpusExampleGen"


def test_a_failed_task_has_the_message_of_its_container(server, connection, start):
    server.scripts["r"] = BAD[-1:]
    status = status_of(connection, find_run(connection, start()))
    assert [(task.name, task.error) for task in status.failed_tasks] == [("Trainer", "Trainer: exit code 1")]
    assert status.tasks[2].state == "NOT_RUN"
    assert (status.ended, status.succeeded, status.done) == (True, False, 2)


def test_a_task_whose_driver_failed_has_failed():
    import kfp_server_api as api

    error = api.GooglerpcStatus(message="driver:\nno such image") if hasattr(api, "GooglerpcStatus") else None
    driver = api.V2beta1PipelineTaskDetail(display_name="Trainer-driver", state="FAILED", error=error)
    run = api.V2beta1Run(run_id="r", state="FAILED", run_details=api.V2beta1RunDetails(task_details=[driver]))
    (task,) = RunStatus.of(run, ["Trainer"]).tasks
    assert (task.state, task.error) == ("FAILED", "driver: no such image" if error else "its driver failed")


def test_the_status_of_a_run_whose_version_is_gone_has_what_the_server_knows(server, connection, start):
    server.scripts["r"] = [GOOD[2]]
    run_id = start()
    server.versions.clear()
    assert [task.name for task in status_of(connection, find_run(connection, run_id)).tasks] == [
        "CorpusExampleGen",
        "Trainer",
    ]


def test_of_several_tries_the_last_one_counts():
    import kfp_server_api as api

    def node(name, key, state, children=()):
        children = [api.PipelineTaskDetailChildTask(pod_name=child) for child in children]
        return api.V2beta1PipelineTaskDetail(
            display_name=name,
            task_id=key,
            pod_name=key,
            state=state,
            child_tasks=children,
            start_time=begin,
            end_time=end,
        )

    begin, end = datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 3, 2, tzinfo=UTC)
    nodes = [
        node("Trainer", "t", "SUCCEEDED", ["e"]),
        node("executor", "e", "SUCCEEDED", ["wf-1", "wf-2"]),
        node("executor(1)", "wf-2", "SUCCEEDED", ["p"]),
        node("executor(0)", "wf-1", "FAILED"),
        node("Pusher", "p", "RUNNING", ["wf-9"]),
        node("executor", "wf-9", "RUNNING", ["e"]),
    ]
    details = api.V2beta1RunDetails(task_details=nodes)
    status = RunStatus.of(api.V2beta1Run(run_id="r", run_details=details), ["Trainer", "Pusher"])
    assert [task.pods for task in status.tasks] == [("wf-1", "wf-2"), ("wf-9",)]
    assert status.tasks[0].seconds == 86400
