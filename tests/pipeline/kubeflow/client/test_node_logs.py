"""Lines of the nodes, read from pods as Kubernetes' client gives them."""

from __future__ import annotations

import json
from types import SimpleNamespace

import pytest

from pipeline.kubeflow.client import NodeLogs, ServerError
from pipeline.kubeflow.client.node_logs import latest_line

LINE = "I1128 10:59:01.123456 140 train.py:44] "


def pod(node, phase="Running", created="2026-11-28T10:00:00Z"):
    """A pod as Argo creates it for a node of the workflow `ner-4`."""
    annotations = {"workflows.argoproj.io/node-name": f"ner-4.root.{node}"}
    metadata = {"name": f"pod-{node}-{created}", "annotations": annotations, "creationTimestamp": created}
    return {"metadata": metadata, "status": {"phase": phase}}


class Cluster:
    """Stands in for `CoreV1Api`: the model of the list is Kubernetes' own."""

    def __init__(self, pods, logs):
        self.pods, self.logs = pods, logs

    def list_namespaced_pod(self, namespace, *, label_selector, _request_timeout):
        from kubernetes import client

        assert (namespace, label_selector) == ("team", "pipeline/runid=r")
        response = SimpleNamespace(data=json.dumps({"items": self.pods}))
        return client.ApiClient().deserialize(response, "V1PodList")

    def read_namespaced_pod_log(self, name, namespace, *, container, tail_lines, _request_timeout):
        from kubernetes.client.exceptions import ApiException

        assert (namespace, container) == ("team", "main")
        log = self.logs[name.split("-")[1].split(".")[0]]
        if isinstance(log, int):
            raise ApiException(status=log, reason="Refused")
        return log


def test_nodes_that_run_or_have_failed_show_their_latest_line():
    pods = [
        pod("Trainer.executor(0)", "Failed"),
        pod("Trainer.executor(1)", created="2026-11-28T11:00:00Z"),  # a retry
        pod("Trainer-driver", "Succeeded"),
        pod("StatisticsGen.executor", "Failed"),
        pod("SchemaSource.executor", "Succeeded"),
        pod("Exporter.executor"),
    ]
    logs = {
        "Trainer": f"{LINE}epoch 1 of 3\n{LINE}epoch 2 of 3: F1 0.8\nsomething of a library\n",
        "StatisticsGen": f"{LINE}begins\nTraceback ...\nerror: StatisticsGen: no examples\n",
        "Exporter": 400,  # its container is being created
    }
    assert NodeLogs(Cluster(pods, logs), "team").latest_lines("r") == {
        "Trainer": "epoch 2 of 3: F1 0.8",
        "StatisticsGen": "error: StatisticsGen: no examples",
    }


def test_a_refusal_names_the_missing_right():
    with pytest.raises(ServerError, match=r"namespace team: .* 403 .* list pods and to get pods/log") as caught:
        NodeLogs(Cluster([pod("Trainer.executor")], {"Trainer": 403}), "team").latest_lines("r")
    assert caught.value.status == 403


def test_a_log_without_lines_of_ours_shows_nothing():
    assert latest_line("Using Any for unsupported type\n") == ""
    assert len(latest_line(LINE + "x" * 1000)) < 200
