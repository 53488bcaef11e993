"""The latest line of each node's log, read from its pod with kubectl's configuration or a pod's own account.

KFP's own path for logs needs the name of the pod, which no answer of its API v2beta1 has.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from pipeline.kubeflow.client.check import NAMESPACE
from pipeline.kubeflow.client.errors import ServerError
from pipeline.kubeflow.kubernetes_api import kubernetes_client

_RUN_LABEL = "pipeline/runid"  # backend/src/common/util/consts.go of kubeflow/pipelines
_NODE_NAME = "workflows.argoproj.io/node-name"  # workflow/common/common.go of argoproj/argo-workflows
_CONTAINER = "main"
_EXECUTOR = re.compile(r"\.(?P<task>[^.]+)\.executor(\(\d+\))?$")
_OWN_LINE = re.compile(r"(?:[IWE]\d{4} [\d:.]+ +\d+ [\w.]+:\d+\] |(?=error: ))(?P<text>\S.*)")
_SHOWN = ("Running", "Failed")  # phases of a pod whose latest line says something new
_LINES = 50  # of a log, of which foreign ones are left out
_LONGEST = 160
_SECONDS = 10.0


class NodeLogs:
    """Logs of the pods of runs.

    Example: tests/pipeline/kubeflow/client/test_node_logs.py.
    """

    def __init__(self, core: Any, namespace: str) -> None:
        """Opens nothing.

        Args:
            core: `kubernetes.client.CoreV1Api`.
            namespace: of the pods.
        """
        self._core, self._namespace = core, namespace

    @classmethod
    def connect(cls, namespace: str | None) -> NodeLogs | None:
        """Returns the logs of a cluster; None without a configuration for its API.

        Args:
            namespace: of the pods; None for KFP's own.

        Raises:
            NerError: the configuration cannot be used.
        """
        client = kubernetes_client()
        if client is None:
            return None
        from kubernetes import client as api

        return cls(api.CoreV1Api(client), namespace or NAMESPACE)

    def latest_lines(self, run_id: str) -> Mapping[str, str]:
        """Returns node -> the latest line that the node itself wrote, for nodes that run or have failed.

        Args:
            run_id: ID of the run.

        Raises:
            ServerError: the pods or their logs cannot be read.
        """
        from kubernetes.client.exceptions import ApiException
        from urllib3.exceptions import HTTPError

        try:
            selector = f"{_RUN_LABEL}={run_id}"
            pods = self._core.list_namespaced_pod(self._namespace, label_selector=selector, _request_timeout=_SECONDS)
            texts = {task: self._log(pod) for task, pod in _pods_by_task(pods.items).items()}
        except ApiException as error:
            raise ServerError(
                f"logs in namespace {self._namespace}: Kubernetes responds with {error.status} {error.reason}. "
                "Ask for the right to list pods and to get pods/log",
                status=int(error.status or 0),
            ) from None
        except HTTPError as error:
            raise ServerError(f"logs: no connection to Kubernetes ({type(error).__name__}). Try again") from None
        return {task: line for task, text in texts.items() if (line := latest_line(text))}

    def _log(self, pod: Any) -> str:
        from kubernetes.client.exceptions import ApiException

        try:
            return str(
                self._core.read_namespaced_pod_log(
                    pod.metadata.name,
                    self._namespace,
                    container=_CONTAINER,
                    tail_lines=_LINES,
                    _request_timeout=_SECONDS,
                )
            )
        except ApiException as error:
            if error.status in (400, 404):  # the container is being created, or the pod was deleted meanwhile
                return ""
            raise


def latest_line(log: str) -> str:
    r"""Returns the latest line of our own in a log, without time and place; "" without one.

    >>> latest_line("I1128 10:59:01.123456 140 train.py:44] epoch 3 of 20: F1 0.812\nnotice of a library")
    'epoch 3 of 20: F1 0.812'
    """
    lines = [match["text"] for line in log.splitlines() if (match := _OWN_LINE.match(line))]
    return " ".join(lines[-1].split())[:_LONGEST] if lines else ""


def _pods_by_task(pods: list[Any]) -> dict[str, Any]:
    """Returns task -> its latest pod, if that runs or has failed."""
    latest: dict[str, Any] = {}
    for pod in sorted(pods, key=lambda one: str(one.metadata.creation_timestamp)):
        match = _EXECUTOR.search((pod.metadata.annotations or {}).get(_NODE_NAME, ""))
        if match:
            latest[match["task"]] = pod
    return {task: pod for task, pod in latest.items() if pod.status.phase in _SHOWN}
