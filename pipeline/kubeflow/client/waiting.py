"""Status of a run, and a wait that reports each change until the run ends."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any

from components.common.errors import NerError
from pipeline.kubeflow.client.connection import Connection
from pipeline.kubeflow.client.errors import ServerError
from pipeline.kubeflow.client.pipeline_spec import PipelineSpec
from pipeline.kubeflow.container.run_planner import RUN_PLANNER

PATIENCE_SECONDS = 300.0
"""Time for which `follow` tolerates an unreachable server."""

_ENDED = frozenset({"SUCCEEDED", "SKIPPED", "FAILED", "CANCELED"})
_ZERO_YEAR = 1970  # protobuf's null time, which older servers send


@dataclass(frozen=True)
class TaskStatus:
    """Status of a task of the pipeline.

    Attributes:
        name: as in the specification.
        state: the API's: PENDING, RUNNING, SUCCEEDED, SKIPPED, FAILED, CANCELING, CANCELED or PAUSED.
        seconds: duration; None before the start.
    """

    name: str
    state: str = "PENDING"
    seconds: float | None = None


@dataclass(frozen=True)
class RunStatus:
    """Status of a run.

    Attributes:
        run_id: ID of the run.
        state: as of `TaskStatus`.
        seconds: from creation to end, or to now.
        tasks: all tasks of the specification in topological order.
    """

    run_id: str
    state: str
    seconds: float | None
    tasks: tuple[TaskStatus, ...]

    @classmethod
    def of(cls, run: Any, names: list[str]) -> RunStatus:
        """Reads `V2beta1Run`.

        Args:
            run: the server's response.
            names: of the pipeline's tasks.
        """
        details = list(getattr(run.run_details, "task_details", None) or [])
        return cls(
            run_id=run.run_id,
            state=run.state or "PENDING",
            seconds=_seconds(run.created_at, run.finished_at),
            tasks=tuple(_task_status(name, details) for name in names),
        )

    @property
    def ended(self) -> bool:
        """True if the state is final."""
        return self.state in _ENDED

    @property
    def succeeded(self) -> bool:
        """True if the run ended successfully."""
        return self.state in ("SUCCEEDED", "SKIPPED")

    @property
    def failed_tasks(self) -> list[TaskStatus]:
        """The tasks that failed."""
        return [task for task in self.tasks if task.state == "FAILED"]

    def summary(self, namespace: str | None, lines: Mapping[str, str] | None = None) -> str:
        """Returns the end of the run in words: duration, failed tasks, reasons and the command that shows their logs.

        Args:
            namespace: of the run's pods; None for KFP's own.
            lines: the latest line of failed tasks (`NodeLogs.latest_lines`), because the server has no reasons.
        """
        after = f"after {format_duration(self.seconds)}"
        if self.succeeded:
            # The server names no node that Argo omitted because an earlier one was skipped.
            skipped = sum(task.state in ("SKIPPED", "PENDING") for task in self.tasks)
            planned = any(task.name == RUN_PLANNER for task in self.tasks)
            why = f"; {skipped} nodes skipped" if skipped else ""
            why += f": the page `decision` of {RUN_PLANNER} says why" if skipped and planned else ""
            return f"run {self.run_id}: succeeded {after}{why}"
        failed = []
        for task in self.failed_tasks:
            line = (lines or {}).get(task.name)
            failed.append(f"  {task.name} failed: {line}" if line else f"  {task.name} failed")
        # The entry point ends the log of a failed node with such a line.
        logs = f"kubectl -n {namespace or 'kubeflow'} logs -l pipeline/runid={self.run_id} -c main --tail=-1"
        begin = f"run {self.run_id}: {self.state} {after}"
        return "\n".join([begin, *failed, f"`{logs} | grep '^error: '` shows the errors of the nodes"])


def run_status(connection: Connection, run_id: str) -> RunStatus:
    """Returns the status of a run.

    Args:
        connection: to the server.
        run_id: ID of the run.

    Raises:
        NerError: the run does not exist.
        ServerError: the server refuses.
    """
    run = _get_run(connection, run_id)
    return RunStatus.of(run, _task_names(connection, run))


def follow(
    connection: Connection,
    run_id: str,
    show: Callable[[str], None],
    *,
    interval: float = 10.0,
    limit: float | None = None,
    latest_lines: Callable[[str], Mapping[str, str]] | None = None,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> RunStatus:
    """Reports each change of a run until it ends, and returns its final status.

    kfp's own `wait_for_run_completion` shows nothing, does not end with a cancelled run and stops at the first failed
    request. This one tolerates an absent server for `PATIENCE_SECONDS`.

    Args:
        connection: to the server.
        run_id: ID of the run.
        show: receives a line of text.
        interval: seconds between two requests.
        limit: seconds after which to stop waiting; None for never.
        latest_lines: returns the latest line of each running node by run, `NodeLogs.latest_lines`; None shows none.
        clock: monotonic seconds.
        sleep: waits some seconds.

    Raises:
        NerError: the run does not exist, or the limit is over.
        ServerError: the server refuses, or has been unreachable for too long.
    """
    begin = last_response = clock()
    names: list[str] | None = None
    before: dict[str, str] = {}
    lines: Mapping[str, str] = {}
    while True:
        try:
            run = _get_run(connection, run_id)
            names = _task_names(connection, run) if names is None else names
        except ServerError as error:
            if not error.transient or clock() - last_response > PATIENCE_SECONDS:
                raise
            show(f"{error}; trying again")
        else:
            last_response = clock()
            status = RunStatus.of(run, names)
            before = _show_changes(status, before, show)
            if status.ended:
                return status
            latest_lines, lines = _show_lines(status, latest_lines, lines, show)
        if limit is not None and clock() - begin + interval > limit:
            raise NerError(f"run {run_id}: not ended after {limit:.0f} s; it continues. Run `ner kfp wait {run_id}`")
        sleep(interval)


def format_duration(seconds: float | None) -> str:
    """Returns seconds as h:mm:ss; a dash for None.

    >>> format_duration(3725)
    '1:02:05'
    """
    if seconds is None:
        return "-"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes // 60}:{minutes % 60:02}:{rest:02}"


def _show_changes(status: RunStatus, before: dict[str, str], show: Callable[[str], None]) -> dict[str, str]:
    """Shows the changes since the last request and returns the current states."""
    states = {"": status.state, **{task.name: task.state for task in status.tasks}}
    progress = f"{sum(task.state in _ENDED for task in status.tasks)}/{len(status.tasks)} tasks"
    for task in status.tasks:
        if task.state != before.get(task.name, "PENDING"):
            after = f" after {format_duration(task.seconds)}" if task.state in _ENDED and task.seconds else ""
            show(f"{progress}  {task.name} {task.state}{after}")
    if status.state != before.get(""):
        show(f"{progress}  run {status.state}")
    return states


def _show_lines(
    status: RunStatus,
    latest_lines: Callable[[str], Mapping[str, str]] | None,
    before: Mapping[str, str],
    show: Callable[[str], None],
) -> tuple[Callable[[str], Mapping[str, str]] | None, Mapping[str, str]]:
    """Shows the new lines of the running nodes; returns the function, unless it failed, and the current lines."""
    running = {task.name for task in status.tasks if task.state == "RUNNING"}
    if latest_lines is None or not running:
        return latest_lines, before
    try:
        lines = {task: line for task, line in latest_lines(status.run_id).items() if task in running}
    except ServerError as error:
        show(f"{error}; the lines of the nodes are not shown")
        return None, before
    for task, line in lines.items():
        if line != before.get(task):
            show(f"  {task}: {line}")
    return latest_lines, lines


def _get_run(connection: Connection, run_id: str) -> Any:
    try:
        run = connection.client.get_run(run_id)
    except ServerError as error:
        if error.status in (400, 404):
            raise NerError(f"{connection.host}: no run {run_id!r}. `kfp run list` shows the runs' IDs") from None
        raise
    if run.error is not None:  # not of a failed run: the server cannot convert its own record, and sends no state
        message = " ".join((run.error.message or "").split())
        raise ServerError(f"{connection.host}: the server cannot describe the run {run_id}: {message}")
    return run


def _task_names(connection: Connection, run: Any) -> list[str]:
    """Returns the tasks of a run's specification, which is in the run or in its pipeline version."""
    names = PipelineSpec.of_server(run.pipeline_spec, "").tasks
    reference = run.pipeline_version_reference
    if not names and reference is not None and reference.pipeline_version_id:
        try:
            version = connection.client.get_pipeline_version(reference.pipeline_id, reference.pipeline_version_id)
        except ServerError as error:
            if error.status != 404:  # the version may have been deleted since
                raise
        else:
            names = PipelineSpec.of_server(version.pipeline_spec, "").tasks
    return names


def _task_status(name: str, details: list[Any]) -> TaskStatus:
    """Reads a task from the nodes of the Argo workflow."""
    nodes = [node for node in details if node.display_name == name]
    if not nodes:  # not started, or its driver failed
        nodes = [n for n in details if n.display_name == f"{name}-driver" and n.state in ("FAILED", "CANCELED")]
    if not nodes:
        return TaskStatus(name)
    node = max(nodes, key=lambda one: str(one.start_time or ""))
    state = node.state or "PENDING"
    seconds = None if state in _ENDED and not node.end_time else _seconds(node.start_time, node.end_time)
    return TaskStatus(name, state, seconds)


def _seconds(begin: datetime | None, end: datetime | None) -> float | None:
    """Returns seconds from the beginning to the end, or to now."""
    if begin is None or begin.year <= _ZERO_YEAR:
        return None
    end = end if end is not None and end.year > _ZERO_YEAR else datetime.now(timezone.utc)
    return max(0.0, (end - begin).total_seconds())
