"""How a run ended."""

from __future__ import annotations

import dataclasses

from support.kfp_emulator.task_result import TaskResult


@dataclasses.dataclass(frozen=True)
class RunResult:
    """How a run ended.

    Attributes:
        run_id: id of the run.
        root: URI below which its outputs lie.
        tasks: how its tasks ended, in the order in which they did.
        artifacts: task -> output -> artifact (`RuntimeArtifact` as the next task would get it).
    """

    run_id: str
    root: str
    tasks: tuple[TaskResult, ...]
    artifacts: dict[str, dict[str, object]]

    @property
    def succeeded(self) -> bool:
        """Whether no task failed."""
        return all(task.state != "failed" for task in self.tasks)

    def task(self, name: str) -> TaskResult:
        """The result of a task by its name."""
        return next(task for task in self.tasks if task.name == name)
