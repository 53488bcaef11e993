"""Schedules on a server; KFP calls them recurring runs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from components.common.errors import NerError
from pipeline.kubeflow.client.connection import Connection, silenced
from pipeline.kubeflow.client.errors import ServerError
from pipeline.kubeflow.client.pipelines import PipelineVersion, name_filter

Outcome = Literal["created", "updated", "unchanged"]


@dataclass(frozen=True)
class Schedule:
    """The desired state of a schedule.

    Attributes:
        name: identifies the schedule.
        cron: KFP's six fields, the second first. With five, `0 3 * * *`, KFP runs at the third minute of every hour.
        version: the pipeline version to run.
        experiment_id: experiment of the runs.
        parameters: name -> typed value.
        root: artifact root; None for that of the specification, then the server's setting.
        catchup: run once for each missed time.
    """

    name: str
    cron: str
    version: PipelineVersion
    experiment_id: str
    parameters: dict[str, Any]
    root: str | None = None
    catchup: bool = False

    @property
    def sent_root(self) -> str | None:
        """The artifact root that the server receives."""
        return self.root or self.version.spec.default_root

    def matches(self, entry: Any) -> bool:
        """Returns whether a server's `V2beta1RecurringRun` equals this schedule."""
        reference, config, trigger = entry.pipeline_version_reference, entry.runtime_config, entry.trigger
        return (
            (trigger and trigger.cron_schedule and trigger.cron_schedule.cron) == self.cron
            and reference is not None
            and (reference.pipeline_id, reference.pipeline_version_id)
            == (self.version.pipeline_id, self.version.version_id)
            and entry.experiment_id == self.experiment_id
            and ((config and config.parameters) or {}) == self.parameters
            and ((config and config.pipeline_root) or "") == (self.sent_root or "")
            and bool(entry.no_catchup) is not self.catchup
            and int(entry.max_concurrency or 0) == 1
        )


def apply_schedule(connection: Connection, schedule: Schedule) -> tuple[Outcome, Any]:
    """Makes the server hold exactly one schedule of the name, as described.

    KFP cannot change a schedule, so this creates the new one before it deletes the old one. An interruption leaves two,
    which the next call repairs, and never none. A paused schedule stays paused.

    Args:
        connection: to the server.
        schedule: the desired state.

    Returns:
        The outcome, and the server's `V2beta1RecurringRun`.

    Raises:
        NerError: the name belongs to a schedule of another pipeline.
        ServerError: the server refuses.
    """
    existing = _entries_named(connection, schedule.name)
    for entry in existing:
        reference = entry.pipeline_version_reference
        if reference is None or reference.pipeline_id != schedule.version.pipeline_id:
            raise NerError(
                f"--name {schedule.name}: the schedule {entry.recurring_run_id} of another pipeline has this name. "
                f"Choose another, or run `kfp recurring-run delete {entry.recurring_run_id}`"
            )
    kept = next((entry for entry in existing if schedule.matches(entry)), None)
    outcome: Outcome = "unchanged" if kept is not None else "created"
    if kept is None:
        paused = bool(existing) and not any(is_enabled(entry) for entry in existing)
        kept = _create(connection, schedule, enabled=not paused)
    for entry in existing:
        if entry.recurring_run_id != kept.recurring_run_id:
            _delete(connection, entry.recurring_run_id)
            outcome = "updated"
    return outcome, connection.client.get_recurring_run(kept.recurring_run_id)


def is_enabled(entry: Any) -> bool:
    """Returns whether a server's `V2beta1RecurringRun` starts runs."""
    if entry.status in ("ENABLED", "DISABLED"):
        return entry.status == "ENABLED"
    return entry.mode != "DISABLE"


def _entries_named(connection: Connection, name: str) -> list[Any]:
    entries = connection.all_of(
        "recurring_runs",
        connection.client.list_recurring_runs,
        namespace=connection.namespace,
        filter=name_filter(name),
        sort_by="created_at desc",
    )
    return [entry for entry in entries if entry.display_name == name]


def _create(connection: Connection, schedule: Schedule, *, enabled: bool) -> Any:
    with silenced():
        return connection.client.create_recurring_run(
            schedule.experiment_id,
            schedule.name,
            description="Created by `ner kfp schedule`; run that again to change it.",
            cron_expression=schedule.cron,
            max_concurrency=1,
            no_catchup=not schedule.catchup,
            params=schedule.parameters,
            pipeline_id=schedule.version.pipeline_id,
            version_id=schedule.version.version_id,
            pipeline_root=schedule.sent_root,
            enabled=enabled,
        )


def _delete(connection: Connection, recurring_run_id: str) -> None:
    try:
        connection.client.delete_recurring_run(recurring_run_id)
    except ServerError as error:
        if error.status != 404:  # already deleted
            raise
