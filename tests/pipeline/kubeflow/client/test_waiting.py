"""Waiting for the end of a run."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from components.common.errors import NerError
from pipeline.kubeflow.client import RunStatus, ServerError, TaskStatus, follow

SUCCESS = [
    {},
    {"CorpusExampleGen": "RUNNING"},
    {"CorpusExampleGen": "SUCCEEDED", "Trainer": "RUNNING"},
    {"CorpusExampleGen": "SUCCEEDED", "Trainer": "RUNNING"},
    {"": "SUCCEEDED", "CorpusExampleGen": "SUCCEEDED", "Trainer": "SUCCEEDED", "RegistryPusher": "SUCCEEDED"},
]


class Clock:
    def __init__(self):
        self.time = 0.0

    def __call__(self):
        return self.time

    def sleep(self, seconds):
        self.time += seconds


def followed(connection, run_id, **options):
    lines, clock = [], Clock()
    status = follow(connection, run_id, lines.append, clock=clock, sleep=clock.sleep, **options)
    return status, lines


def test_each_change_is_shown_once(server, connection, started):
    server.scripts["r"] = list(SUCCESS)
    status, lines = followed(connection, started())
    assert status.succeeded
    assert status.summary(None).startswith(f"run {status.run_id}: succeeded after ")
    assert lines == [
        "0/3 tasks  run RUNNING",
        "0/3 tasks  CorpusExampleGen RUNNING",
        "1/3 tasks  CorpusExampleGen SUCCEEDED after 0:01:05",
        "1/3 tasks  Trainer RUNNING",
        "3/3 tasks  Trainer SUCCEEDED after 0:01:05",
        "3/3 tasks  RegistryPusher SUCCEEDED after 0:01:05",
        "3/3 tasks  run SUCCEEDED",
    ]


def test_a_run_without_a_reason_to_train_says_where_the_decision_is():
    tasks = tuple(TaskStatus(*one) for one in (("RunPlanner", "SUCCEEDED"), ("Gen", "SKIPPED"), ("Trainer",)))
    status = RunStatus("r", "SUCCEEDED", 40.0, tasks)
    assert status.summary(None) == (
        "run r: succeeded after 0:00:40; 2 nodes skipped: the page `decision` of RunPlanner says why"
    )


def test_a_failed_run_names_the_task_and_the_command_that_shows_why(server, connection, started):
    server.scripts["r"] = [{"": "FAILED", "CorpusExampleGen": "FAILED"}]
    status, lines = followed(connection, started())
    assert lines[-1] == "1/3 tasks  run FAILED"
    assert status.summary("team").splitlines()[1] == "  CorpusExampleGen failed"
    assert status.summary("team", {"CorpusExampleGen": "error: no corpus"}).splitlines()[1:] == [
        "  CorpusExampleGen failed: error: no corpus",
        f"`kubectl -n team logs -l pipeline/runid={status.run_id} -c main --tail=-1 | grep '^error: '` "
        "shows the errors of the nodes",
    ]


def test_a_recorded_response_of_kfp_is_read():
    """Nodes without a name, several tries of a task and a failed one, as KFP 2.17's API server reports them."""
    import kfp_server_api

    recorded = json.loads(Path(__file__).with_name("recorded_run.json").read_text())
    client = kfp_server_api.ApiClient()
    run = client.deserialize(type("Response", (), {"data": json.dumps(recorded)}), "V2beta1Run")
    names = ["CorpusExampleGen", "SchemaSource", "StatisticsGen", "DataValidator"]
    status = RunStatus.of(run, names)
    assert [task.state for task in status.tasks] == ["SUCCEEDED", "SUCCEEDED", "FAILED", "PENDING"]
    assert [task.name for task in status.failed_tasks] == ["StatisticsGen"]
    assert (status.ended, status.succeeded) == (True, False)


@pytest.mark.extended
def test_a_task_whose_driver_failed_has_failed():
    import kfp_server_api as api

    driver = api.V2beta1PipelineTaskDetail(display_name="Trainer-driver", state="FAILED")
    run = api.V2beta1Run(run_id="r", state="FAILED", run_details=api.V2beta1RunDetails(task_details=[driver]))
    (task,) = RunStatus.of(run, ["Trainer"]).tasks
    assert task.state == "FAILED"


def test_a_run_that_the_server_cannot_describe_is_not_waited_for(server, connection, started):
    run_id = started()
    server.runs[run_id] = {"run_id": run_id, "error": {"code": 13, "message": "no\npipeline source"}}
    with pytest.raises(ServerError, match=f"cannot describe the run {run_id}: no pipeline source"):
        followed(connection, run_id)


@pytest.mark.extended
def test_a_run_whose_version_was_deleted_still_ends(server, connection, started):
    server.scripts["r"] = [SUCCESS[-1]]
    run_id = started()
    server.versions.clear()
    status, lines = followed(connection, run_id)
    assert (status.succeeded, lines) == (True, ["0/0 tasks  run SUCCEEDED"])


def test_an_absent_server_is_tolerated_for_a_while_after_each_response(server, connection, started):
    server.scripts["r"] = list(SUCCESS)
    run_id, clock, lines = started(), Clock(), []

    def show(line):
        lines.append(line)
        if "CorpusExampleGen" in line:  # absent for another 200 s, twice
            server.plan("GET", f"/runs/{run_id}", 503, times=20)

    server.plan("GET", f"/runs/{run_id}", 503, times=20)
    assert follow(connection, run_id, show, clock=clock, sleep=clock.sleep).succeeded
    assert clock.time > 600
    assert lines[0].endswith("trying again")


def test_waiting_ends_with_an_absent_server_or_a_refusal(server, connection, started):
    run_id = started()
    server.plan("GET", f"/runs/{run_id}", 503, times=99)
    with pytest.raises(ServerError, match="503"):
        followed(connection, run_id)
    assert 30 <= server.count("GET", f"/runs/{run_id}") <= 33  # five minutes, every ten seconds
    server.planned.clear()
    server.plan("GET", f"/runs/{run_id}", 403)
    with pytest.raises(ServerError, match="403"):
        followed(connection, run_id)
    with pytest.raises(NerError, match=r"no run 'x'\. `kfp run list` shows"):
        followed(connection, "x")


@pytest.mark.extended
def test_waiting_stops_at_its_limit(server, connection, started):
    run_id = started()
    with pytest.raises(NerError, match="not ended after 60 s; it continues"):
        followed(connection, run_id, limit=60)
    assert server.count("GET", f"/runs/{run_id}") == 7  # at 0, 10 ... 60 s


def test_new_lines_of_running_nodes_are_shown_once(server, connection, started):
    server.scripts["r"] = list(SUCCESS)
    lines = followed(connection, started(), latest_lines=lambda _: {"Trainer": "epoch 1", "Other": "x"})[1]
    assert [line for line in lines if line.startswith(" ")] == ["  Trainer: epoch 1"]


def test_unreadable_logs_are_reported_once_and_the_wait_goes_on(server, connection, started):
    server.scripts["r"] = list(SUCCESS)
    asked = []

    def refuse(run_id):
        asked.append(run_id)
        raise ServerError("logs: 403", status=403)

    status, lines = followed(connection, started(), latest_lines=refuse)
    assert status.succeeded
    assert (len(asked), lines.count("logs: 403; the lines of the nodes are not shown")) == (1, 1)
