"""Output of tasks."""

from __future__ import annotations

import pytest

from components.common.errors import NerError
from pipeline.kubeflow.client.runs import find_run, status_of
from pipeline.kubeflow.client.server_error import ServerError
from pipeline.kubeflow.client.task_logs import kubectl_command, logs_of

STATES = {"CorpusExampleGen": "SUCCEEDED", "Trainer": "RUNNING"}


def logs(connection, run_id, task=None):
    status = status_of(connection, find_run(connection, run_id))
    return {log.task: log.text for log in logs_of(connection, status, task)}


def pod(task):
    return f"wf-system-container-impl-{sum(map(ord, task))}"


@pytest.mark.parametrize("version", ["v2beta1", "v1alpha1"])
def test_output_comes_from_the_path_that_the_server_has(server, connection, start, version):
    server.log_paths = (version,)
    server.scripts["r"] = [STATES]
    run_id = start()
    number = sum(map(ord, "Trainer"))
    for name in (f"wf-{number}", f"wf-system-container-impl-{number}", f"wf-retry-system-container-impl-{number}"):
        server.logs = {pod("CorpusExampleGen"): "read 3\n", name: "epoch 1 ü\n"}
        assert logs(connection, run_id) == {"CorpusExampleGen": "read 3\n", "Trainer": "epoch 1 ü\n"}
    assert logs(connection, run_id, "Trainer") == {"Trainer": "epoch 1 ü\n"}


def test_output_that_the_server_has_not_is_none_and_kubectl_is_the_way(server, connection, start):
    server.scripts["r"] = [STATES]
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
    server.scripts["r"] = [STATES]
    run_id = start()
    with pytest.raises(NerError, match=r"'RegistryPusher' of run 'r' has not begun \(PENDING\)"):
        logs(connection, run_id, "RegistryPusher")
    with pytest.raises(NerError, match="no task 'trainer'; there is Trainer"):
        logs(connection, run_id, "trainer")


def test_output_that_may_not_be_read_is_told(server, connection, start):
    server.scripts["r"] = [STATES]
    run_id = start()
    server.plan("GET", "/log", 403)
    with pytest.raises(ServerError, match="does not allow this"):
        logs(connection, run_id)
