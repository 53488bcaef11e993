"""Follows a run until it ends."""

from __future__ import annotations

import time
from collections.abc import Callable

from components.common.errors import NerError
from pipeline.kubeflow.client.connection import Connection
from pipeline.kubeflow.client.run_status import RunStatus
from pipeline.kubeflow.client.runs import status_of
from pipeline.kubeflow.client.server_error import ServerError

PATIENCE_SECONDS = 300.0  # how long a server may be away before following it is given up


def follow(
    connection: Connection,
    run_id: str,
    show: Callable[[str], None],
    *,
    interval: float = 10.0,
    limit: float | None = None,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> RunStatus:
    """Returns a run's status once it has ended; tells of each change on the way.

    kfp's own `wait_for_run_completion` shows nothing, does not end with a cancelled run and takes one failed request
    for the end. A server that is away for a while is waited for here.

    Args:
        connection: to the server.
        run_id: of the run.
        show: takes a line of text.
        interval: seconds between two looks.
        limit: seconds after which to give up; None for never.
        clock: seconds that only grow.
        sleep: waits some seconds.

    Raises:
        NerError: the limit is over; the run goes on.
        ServerError: the server refuses, or has been away for five minutes.
    """
    begin = last_answer = clock()
    before: dict[str, str] = {}
    while True:
        try:
            status = status_of(connection, connection.client.get_run(run_id))
        except ServerError as error:
            if not error.passing or clock() - last_answer > PATIENCE_SECONDS:
                raise
            show(f"{error}; trying again")
        else:
            last_answer = clock()
            before = _tell(status, before, show)
            if status.ended:
                return status
        if limit is not None and clock() - begin + interval > limit:
            raise NerError(f"run {run_id} has not ended after {limit:.0f} s; it goes on: `ner kfp status {run_id}`")
        sleep(interval)


def _tell(status: RunStatus, before: dict[str, str], show: Callable[[str], None]) -> dict[str, str]:
    """Shows what changed since the last look; returns the states now."""
    states = {"": status.state, **{task.name: task.state for task in status.tasks}}
    progress = f"{status.done}/{len(status.tasks)} tasks"
    for task in status.tasks:
        if task.state not in (before.get(task.name, "PENDING"), "NOT_RUN"):
            took = f" after {duration(task.seconds)}" if task.ended and task.seconds is not None else ""
            show(f"{progress}  {task.name} {task.state}{took}")
    if status.state != before.get(""):
        show(f"{progress}  run {status.state}")
    return states


def duration(seconds: float | None) -> str:
    """Returns seconds as h:mm:ss; a dash for None."""
    if seconds is None:
        return "-"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes // 60}:{minutes % 60:02}:{rest:02}"
