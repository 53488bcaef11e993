"""How a run on a server stands, in a form to print."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from pipeline.kubeflow.client.pipeline_spec import PipelineSpec
from pipeline.kubeflow.client.task_status import ENDED, TaskStatus, real, seconds_of, text_of

_GOOD = frozenset({"SUCCEEDED", "SKIPPED"})


@dataclass(frozen=True)
class RunStatus:
    """One run.

    Attributes:
        run_id: of the run.
        name: as shown.
        state: as of `TaskStatus`.
        created: when it was created.
        seconds: from its creation to its end, or to now; None if the server does not say.
        error: the server's message; empty if there is none.
        schedule_id: of the recurring run that made it; None if it was started by hand.
        parameters: as given, name -> value.
        tasks: those of the specification in their order; all of them, begun or not.
    """

    run_id: str
    name: str
    state: str
    created: datetime | None
    seconds: float | None
    error: str
    schedule_id: str | None
    parameters: dict[str, Any]
    tasks: tuple[TaskStatus, ...]

    @classmethod
    def of(cls, run: Any, names: list[str] | None = None, now: datetime | None = None) -> RunStatus:
        """Reads `V2beta1Run`.

        Args:
            run: as the server answers.
            names: of the pipeline's tasks; None for those of the specification inside the run, and if there is none,
                for what the server knows of.
            now: the clock, with a time zone.
        """
        now = now or datetime.now(UTC)
        details = list(getattr(run.run_details, "task_details", None) or [])
        names = names or PipelineSpec.of_version(run).tasks or _names_of(details)
        config = run.runtime_config
        state = run.state or "PENDING"
        return cls(
            run_id=run.run_id,
            name=run.display_name,
            state=state,
            created=real(run.created_at),
            seconds=seconds_of(run.created_at, run.finished_at, now, state),
            error=text_of(run.error),
            schedule_id=run.recurring_run_id or None,
            parameters=dict(config.parameters or {}) if config else {},
            tasks=tuple(TaskStatus.of(name, details, now, state) for name in names),
        )

    @property
    def ended(self) -> bool:
        """Whether its state is final."""
        return self.state in ENDED

    @property
    def succeeded(self) -> bool:
        """Whether it ended well."""
        return self.state in _GOOD

    @property
    def done(self) -> int:
        """Number of tasks whose state is final."""
        return sum(task.ended for task in self.tasks)

    @property
    def failed_tasks(self) -> list[TaskStatus]:
        """Tasks that failed."""
        return [task for task in self.tasks if task.state == "FAILED"]

    def as_json(self) -> dict[str, Any]:
        """Returns it for scripts: plain types, times in ISO 8601."""
        return {**asdict(self), "created": self.created and self.created.isoformat(), "tasks_done": self.done}


def _names_of(details: list[Any]) -> list[str]:
    """Returns the tasks that the server knows of, without drivers, executors and the pipeline itself."""
    names = [detail.display_name or "" for detail in sorted(details, key=lambda d: str(d.create_time))]
    helpers = ("executor", "root", "iteration", "retry")
    return list(dict.fromkeys(n for n in names if n and not n.startswith(helpers) and not n.endswith("-driver")))
