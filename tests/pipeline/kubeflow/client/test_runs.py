"""Runs: start, find, follow, read their output."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from components.text.errors import NerError
from pipeline.kubeflow.client.pipeline_spec import PipelineSpec
from pipeline.kubeflow.client.pipelines import find_version, upload
from pipeline.kubeflow.client.run_status import RunStatus
from pipeline.kubeflow.client.runs import find_run, start_spec, start_version, status_of
from pipeline.kubeflow.client.server_error import ServerError
from pipeline.kubeflow.client.task_logs import kubectl_command, logs_of
from pipeline.kubeflow.client.waiting import duration, follow

DONE = {"CorpusExampleGen": "SUCCEEDED", "Trainer": "SUCCEEDED", "RegistryPusher": "SUCCEEDED"}
GOOD = [
    {},
    {"CorpusExampleGen": "RUNNING"},
    {"CorpusExampleGen": "SUCCEEDED", "Trainer": "RUNNING"},
    {"CorpusExampleGen": "SUCCEEDED", "Trainer": "RUNNING"},
    {"": "SUCCEEDED", **DONE},
]
BAD = [{"CorpusExampleGen": "RUNNING"}, {"": "FAILED", "CorpusExampleGen": "SUCCEEDED", "Trainer": "FAILED"}]


@pytest.fixture
def start(connection, compiled):
    """Starts a run of an uploaded pipeline."""

    def begin(name="r", **options):
        upload(connection, compiled(), "v1")
        version, _ = find_version(connection, "ner")
        options = {"experiment": "Default", "parameters": {}} | options
        return start_version(connection, version, name=name, **options)

    return begin


class Clock:
    def __init__(self):
        self.time = 0.0

    def __call__(self):
        return self.time

    def sleep(self, seconds):
        self.time += seconds


def followed(connection, run_id, **options):
    lines, clock = [], Clock()
    ended = follow(connection, run_id, lines.append, clock=clock, sleep=clock.sleep, **options)
    return ended, lines


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


# --- following


def test_following_tells_each_change_once_and_ends_with_the_run(server, connection, start):
    server.scripts["r"] = list(GOOD)
    ended, lines = followed(connection, start())
    assert ended.succeeded
    assert lines == [
        "0/3 tasks  run RUNNING",
        "0/3 tasks  CorpusExampleGen RUNNING",
        "1/3 tasks  CorpusExampleGen SUCCEEDED after 0:01:05",
        "1/3 tasks  Trainer RUNNING",
        "3/3 tasks  Trainer SUCCEEDED after 0:01:05",
        "3/3 tasks  RegistryPusher SUCCEEDED after 0:01:05",
        "3/3 tasks  run SUCCEEDED",
    ]


@pytest.mark.parametrize("state", ["FAILED", "CANCELED"])
def test_following_ends_with_a_run_that_does_not_succeed(server, connection, start, state):
    server.scripts["r"] = [{"": state, "CorpusExampleGen": "FAILED"}]
    ended, lines = followed(connection, start())
    assert not ended.succeeded
    assert lines[-1] == f"1/3 tasks  run {state}"


def test_a_server_that_is_away_for_a_while_is_waited_for(server, connection, start):
    server.scripts["r"] = list(GOOD)
    run_id = start()
    server.plan("GET", f"/runs/{run_id}", 503, times=3)
    ended, lines = followed(connection, run_id)
    assert ended.succeeded
    assert [line.endswith("trying again") for line in lines[:4]] == [True, True, True, False]


def test_patience_begins_anew_with_each_answer(server, connection, start):
    server.scripts["r"] = list(GOOD)
    run_id, clock = start(), Clock()

    def show(line):
        if "CorpusExampleGen" in line:  # away for another 200 s, twice
            server.plan("GET", f"/runs/{run_id}", 503, times=20)

    server.plan("GET", f"/runs/{run_id}", 503, times=20)
    assert follow(connection, run_id, show, clock=clock, sleep=clock.sleep).succeeded
    assert clock.time > 600


def test_a_server_that_stays_away_is_given_up_and_so_is_a_refusal(server, connection, start):
    run_id = start()
    server.plan("GET", f"/runs/{run_id}", 503, times=99)
    with pytest.raises(ServerError, match="503"):
        followed(connection, run_id)
    assert 30 <= server.count("GET", f"/runs/{run_id}") <= 33  # five minutes, every ten seconds
    server.planned.clear()
    server.plan("GET", f"/runs/{run_id}", 403)
    with pytest.raises(ServerError, match="403"):
        followed(connection, run_id)


def test_following_stops_at_its_limit(server, connection, start):
    run_id = start()
    with pytest.raises(NerError, match="has not ended after 60 s; it goes on"):
        followed(connection, run_id, limit=60)
    assert server.count("GET", f"/runs/{run_id}") == 7  # at 0, 10 ... 60 s


@pytest.mark.parametrize(("seconds", "text"), [(None, "-"), (0, "0:00:00"), (65.4, "0:01:05"), (36001, "10:00:01")])
def test_durations_read_well(seconds, text):
    assert duration(seconds) == text


# --- output


def logs(connection, run_id, task=None):
    status = status_of(connection, find_run(connection, run_id))
    return {log.task: log.text for log in logs_of(connection, status, task)}


def pod(task):
    return f"wf-system-container-impl-{sum(map(ord, task))}"


@pytest.mark.parametrize("version", ["v2beta1", "v1alpha1"])
def test_output_comes_from_the_path_that_the_server_has(server, connection, start, version):
    server.log_paths = (version,)
    server.scripts["r"] = [GOOD[2]]
    run_id = start()
    number = sum(map(ord, "Trainer"))
    for name in (f"wf-{number}", f"wf-system-container-impl-{number}", f"wf-retry-system-container-impl-{number}"):
        server.logs = {pod("CorpusExampleGen"): "read 3\n", name: "epoch 1 ü\n"}
        assert logs(connection, run_id) == {"CorpusExampleGen": "read 3\n", "Trainer": "epoch 1 ü\n"}
    assert logs(connection, run_id, "Trainer") == {"Trainer": "epoch 1 ü\n"}


def test_output_that_the_server_has_not_is_none_and_kubectl_is_the_way(server, connection, start):
    server.scripts["r"] = [GOOD[2]]
    run_id = start()
    assert logs(connection, run_id) == {"CorpusExampleGen": None, "Trainer": None}
    status = status_of(connection, find_run(connection, run_id))
    assert (
        kubectl_command(run_id, None)
        == f"kubectl -n kubeflow logs -l pipeline/runid={run_id} -c main --prefix --tail=-1"
    )
    assert kubectl_command(run_id, "a", status.tasks[1]).endswith(f"--tail=-1 | grep -e '-{pod('Trainer')[-3:]}/main'")
    assert "-l pipeline/runid" in kubectl_command(run_id, "a", status.tasks[2])


def test_output_of_what_has_not_begun_or_is_not_there_is_told(server, connection, start):
    server.scripts["r"] = [GOOD[2]]
    run_id = start()
    with pytest.raises(NerError, match=r"'RegistryPusher' of run 'r' has not begun \(PENDING\)"):
        logs(connection, run_id, "RegistryPusher")
    with pytest.raises(NerError, match="no task 'trainer'; there is Trainer"):
        logs(connection, run_id, "trainer")


def test_output_that_may_not_be_read_is_told(server, connection, start):
    server.scripts["r"] = [GOOD[2]]
    run_id = start()
    server.plan("GET", "/log", 403)
    with pytest.raises(ServerError, match="does not allow this"):
        logs(connection, run_id)
