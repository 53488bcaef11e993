"""Output of a task's container, by the API server or, where that has none, by kubectl."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from components.common.errors import NerError
from pipeline.kubeflow.client.candidates import instead
from pipeline.kubeflow.client.connection import Connection
from pipeline.kubeflow.client.run_status import RunStatus
from pipeline.kubeflow.client.server_error import ServerError
from pipeline.kubeflow.client.task_status import TaskStatus

# Not in the API's specification: the server registers it by hand. Newer servers know the first, others the second.
_PATHS = ("/apis/v2beta1/runs/{run}/nodes/{pod}/log", "/apis/v1alpha1/runs/{run}/nodes/{pod}/log")
# Argo templates that run a user's container: as it is, and where the pipeline has it tried again.
_TEMPLATES = ("system-container-impl", "retry-system-container-impl")
_ABSENT = frozenset({0, 400, 404, 405, 500, 501})  # no such path, no such pod any more, no archive


@dataclass(frozen=True)
class TaskLog:
    """Output of one task.

    Attributes:
        task: its name.
        text: the output; None if the server has none to give.
    """

    task: str
    text: str | None


def logs_of(connection: Connection, status: RunStatus, task: str | None = None) -> Iterator[TaskLog]:
    """Yields the output of a task, or of all tasks that have begun.

    Args:
        connection: to the server.
        status: of the run.
        task: its name; None for all.

    Raises:
        NerError: no such task, or it has not begun.
        ServerError: the server does not answer, or does not let the user in.
    """
    names = [each.name for each in status.tasks]
    if task is not None and task not in names:
        raise NerError(f"run {status.name!r} has no task {task!r}{instead(task, names)}")
    chosen = [each for each in status.tasks if task in (None, each.name)]
    if task is not None and not chosen[0].pods and chosen[0].seconds is None:
        raise NerError(f"task {task!r} of run {status.name!r} has not begun ({chosen[0].state}): there is no output")
    for each in chosen:
        if each.pods or each.seconds is not None:
            yield TaskLog(each.name, _read(connection, status.run_id, each))


def kubectl_command(run_id: str, namespace: str | None, task: TaskStatus | None = None) -> str:
    """Returns the kubectl command that shows the output of a run's containers, as long as their pods are there.

    Args:
        run_id: of the run; every pod of it carries the label.
        namespace: of the runs; None for KFP's own.
        task: one task only, if the server tells its pod.
    """
    command = f"kubectl -n {namespace or 'kubeflow'} logs -l pipeline/runid={run_id} -c main --prefix --tail=-1"
    if task is not None and task.pods:  # the node's number ends the pod's name, whatever comes before it
        command += f" | grep -e '-{task.pods[-1].rpartition('-')[2]}/main'"
    return command


def _read(connection: Connection, run_id: str, task: TaskStatus) -> str | None:
    for pod in task.pods[-1:]:
        for name in _pod_names(pod):
            for path in _PATHS:
                try:
                    return connection.read(path.format(run=run_id, pod=name))
                except ServerError as error:
                    if error.status not in _ABSENT or (error.status == 0 and error.passing):
                        raise
    return None


def _pod_names(node: str) -> list[str]:
    """Returns the names a node's pod may have.

    The server tells Argo's node ID, WORKFLOW-NUMBER. Argo since 3.4 calls the pod WORKFLOW-TEMPLATE-NUMBER; before
    that, and where it is told so, by the node ID.
    """
    match = re.fullmatch(r"(.+)-([0-9]+)", node)
    if match is None or _TEMPLATES[0] in node:
        return [node]
    return [*(f"{match[1]}-{template}-{match[2]}" for template in _TEMPLATES), node]
