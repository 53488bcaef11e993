"""Schedules (KFP calls them recurring runs) on a server."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from components.common.errors import NerError
from pipeline.kubeflow.client import cron
from pipeline.kubeflow.client.candidates import instead
from pipeline.kubeflow.client.connection import Connection, silenced
from pipeline.kubeflow.client.pipelines import named
from pipeline.kubeflow.client.schedule_definition import ScheduleDefinition, cron_of
from pipeline.kubeflow.client.server_error import ServerError

Outcome = Literal["created", "updated", "unchanged"]


def ensure(connection: Connection, wanted: ScheduleDefinition) -> tuple[Outcome, Any]:
    """Sees to it that there is exactly one schedule of the name, as defined; returns what was done and the schedule.

    KFP cannot change a schedule. So the new one is made before the old one is deleted: a failure in between leaves
    two, which the next call puts right, and never none. A schedule that is paused stays so.

    Args:
        connection: to the server.
        wanted: the definition.

    Raises:
        NerError: the name belongs to a schedule of another pipeline.
        ServerError: the server refuses.
    """
    there = _of_name(connection, wanted.name)
    for schedule in there:
        reference = schedule.pipeline_version_reference
        if reference is None or reference.pipeline_id != wanted.pipeline_id:
            raise NerError(
                f"{wanted.name!r} is the schedule {schedule.recurring_run_id} of another pipeline; choose another "
                f"--name, or remove that one: `ner kfp unschedule {schedule.recurring_run_id}`"
            )
    same = [schedule for schedule in there if wanted.is_of(schedule)]
    outcome: Outcome
    if same:
        kept, outcome = same[0], "unchanged"
    else:
        paused = bool(there) and not any(is_enabled(schedule) for schedule in there)
        kept, outcome = _create(connection, wanted, enabled=not paused), "created"
    for schedule in there:
        if schedule.recurring_run_id != kept.recurring_run_id:
            _delete(connection, schedule.recurring_run_id)
            outcome = "updated"
    return outcome, connection.client.get_recurring_run(kept.recurring_run_id)


def all_schedules(connection: Connection) -> list[Any]:
    """Returns every schedule (`V2beta1RecurringRun`), the newest first."""
    return list(_listed(connection, sort_by="created_at desc"))


def find_schedule(connection: Connection, wanted: str) -> Any:
    """Returns a schedule (`V2beta1RecurringRun`) by name or ID.

    Raises:
        NerError: no such schedule (what there is is named), or several of the name.
        ServerError: the server does not answer.
    """
    found = _of_name(connection, wanted)
    if len(found) == 1:
        return found[0]
    if found:
        listed = "\n".join(f"  {s.recurring_run_id}  {cron_of(s)}  {state_of(s)}" for s in found)
        raise NerError(
            f"{len(found)} schedules are called {wanted!r} (a `ner kfp schedule` that was broken off leaves two, and "
            f"puts it right when run again); give the ID of one:\n{listed}"
        )
    try:
        if "/" not in wanted:
            return connection.client.get_recurring_run(wanted)
    except ServerError as error:
        if error.status not in (400, 404):
            raise
    known = [schedule.display_name for schedule in all_schedules(connection)]
    raise NerError(f"{connection.host} has no schedule {wanted!r}{instead(wanted, known)}")


def unschedule(connection: Connection, schedule_id: str) -> None:
    """Removes a schedule for good; its runs stay."""
    _delete(connection, schedule_id)


def is_enabled(schedule: Any) -> bool:
    """Whether a server's schedule makes runs."""
    if schedule.status in ("ENABLED", "DISABLED"):
        return schedule.status == "ENABLED"
    return schedule.mode != "DISABLE"


def state_of(schedule: Any) -> str:
    """Returns `active` or `paused`."""
    return "active" if is_enabled(schedule) else "paused"


def shown_cron(schedule: Any) -> str:
    """Returns when a server's schedule runs, in five fields where that is possible."""
    expression = cron_of(schedule)
    if expression is None:
        periodic = schedule.trigger and schedule.trigger.periodic_schedule
        return f"every {periodic.interval_second} s" if periodic else "-"
    return cron.to_crontab(expression) or f"{expression} (as the server has it)"


def next_time(schedule: Any, after: datetime) -> datetime | None:
    """Returns when a schedule runs next; None if it is paused, or its times cannot be told.

    Args:
        schedule: `V2beta1RecurringRun`.
        after: now, in the zone that the server reckons in.
    """
    expression = cron_of(schedule)
    if expression is None or not is_enabled(schedule):
        return None
    return next(cron.times_of(expression, after), None)


def _listed(connection: Connection, **arguments: Any) -> Any:
    call = connection.client.list_recurring_runs
    return connection.all_of("recurring_runs", call, namespace=connection.namespace, **arguments)


def _of_name(connection: Connection, name: str) -> list[Any]:
    found = _listed(connection, filter=named(name), sort_by="created_at desc")
    return [schedule for schedule in found if schedule.display_name == name]


def _create(connection: Connection, wanted: ScheduleDefinition, *, enabled: bool) -> Any:
    with silenced():
        return connection.client.create_recurring_run(
            wanted.experiment_id,
            wanted.name,
            description="Made by `ner kfp schedule`; run that again to change it.",
            cron_expression=wanted.cron,
            max_concurrency=1,
            no_catchup=not wanted.catchup,
            params=wanted.parameters,
            pipeline_id=wanted.pipeline_id,
            version_id=wanted.version_id,
            pipeline_root=wanted.root,
            enabled=enabled,
        )


def _delete(connection: Connection, schedule_id: str) -> None:
    try:
        connection.client.delete_recurring_run(schedule_id)
    except ServerError as error:
        if error.status != 404:  # gone already
            raise
