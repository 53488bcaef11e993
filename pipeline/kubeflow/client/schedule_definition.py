"""What a schedule on a server is to be."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class ScheduleDefinition:
    """What a schedule is to be.

    Attributes:
        name: of the schedule; one schedule a name.
        cron: KFP's six fields.
        pipeline_id: of the pipeline.
        version_id: of the version it runs.
        experiment_id: its runs belong to.
        parameters: name -> typed value; text may hold macros.
        root: where artifacts go; None for the server's setting.
        catchup: whether times missed are made up for one by one.
    """

    name: str
    cron: str
    pipeline_id: str
    version_id: str
    experiment_id: str
    parameters: dict[str, Any]
    root: str | None = None
    catchup: bool = False

    def is_of(self, schedule: Any) -> bool:
        """Whether a server's `V2beta1RecurringRun` is this."""
        reference, config = schedule.pipeline_version_reference, schedule.runtime_config
        return (
            cron_of(schedule) == self.cron
            and reference is not None
            and (reference.pipeline_id, reference.pipeline_version_id) == (self.pipeline_id, self.version_id)
            and schedule.experiment_id == self.experiment_id
            and ((config and config.parameters) or {}) == self.parameters
            and ((config and config.pipeline_root) or "") == (self.root or "")
            and bool(schedule.no_catchup) is not self.catchup
            and int(schedule.max_concurrency or 0) == 1
        )


def cron_of(schedule: Any) -> str | None:
    """Returns the cron expression of a server's `V2beta1RecurringRun`; None if it has none."""
    trigger = schedule.trigger
    return trigger.cron_schedule.cron if trigger and trigger.cron_schedule else None
