"""How a task of a run stands."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

ENDED = frozenset({"SUCCEEDED", "SKIPPED", "FAILED", "CANCELED"})
_ZERO_YEAR = 1970  # protobuf's null time, which older servers send for "not yet"


@dataclass(frozen=True)
class TaskStatus:
    """One task of the pipeline.

    Attributes:
        name: as in the specification.
        state: the API's: PENDING, RUNNING, SUCCEEDED, SKIPPED, FAILED, CANCELING, CANCELED, PAUSED; or ours for a
            task that a run which is over never came to: NOT_RUN.
        seconds: from its start to its end, or to now; None if it has not begun.
        error: the server's message; empty if there is none.
        pods: node IDs of its containers, the newest try last.
    """

    name: str
    state: str
    seconds: float | None
    error: str
    pods: tuple[str, ...]

    @property
    def ended(self) -> bool:
        """Whether its state is final."""
        return self.state in ENDED

    @classmethod
    def of(cls, name: str, details: list[Any], now: datetime, run_state: str) -> TaskStatus:
        """Reads a task from all of a run's; of several tries, and of what begins anew, the last counts.

        Args:
            name: of the task.
            details: `V2beta1PipelineTaskDetail` each.
            now: the clock, with a time zone.
            run_state: the run's.
        """
        found = sorted((d for d in details if d.display_name == name), key=lambda d: real(d.create_time) or now)
        if not found:
            return cls._not_begun(name, details, run_state)
        detail = found[-1]
        containers = _containers(detail, details)
        errors = [text_of(d.error) for d in [detail, *reversed(containers)]]
        state = detail.state or "PENDING"
        pods = tuple(d.pod_name or d.task_id for d in containers if d.pod_name or d.task_id)
        return cls(
            name=name,
            state=state,
            seconds=seconds_of(detail.start_time or detail.create_time, detail.end_time, now, state),
            error=next((text for text in errors if text), ""),
            pods=pods or ((detail.pod_name,) if detail.pod_name else ()),
        )

    @classmethod
    def _not_begun(cls, name: str, details: list[Any], run_state: str) -> TaskStatus:
        """Reads a task without a node of its own: its turn has not come, or its driver failed to prepare it."""
        for driver in details:
            if driver.display_name == f"{name}-driver" and driver.state in ("FAILED", "CANCELED"):
                return cls(name, driver.state, None, text_of(driver.error) or "its driver failed", ())
        return cls(name, "NOT_RUN" if run_state in ENDED else "PENDING", None, "", ())


def _containers(detail: Any, details: list[Any]) -> list[Any]:
    """Returns the user containers below a task.

    The server lists the nodes of the Argo workflow: a task `X` has the child `executor` (or, with retries, `executor`
    with the children `executor(0)`, `executor(1)` ...). Other children of an executor are the tasks that come next.
    """
    by_id = {key: other for other in details for key in (other.task_id, other.pod_name) if key}

    def below(parent: Any, prefix: str) -> list[Any]:
        children = [by_id.get(c.pod_name or "") or by_id.get(c.task_id or "") for c in parent.child_tasks or []]
        return [child for child in children if child is not None and (child.display_name or "").startswith(prefix)]

    found = below(detail, "executor")
    tries = [each for executor in found for each in below(executor, "executor(")]
    return sorted(tries, key=lambda each: each.display_name) or found


def real(time: datetime | None) -> datetime | None:
    """Returns a time that the server gave; None for none, and for the null time of older servers."""
    return time if time is not None and time.year > _ZERO_YEAR else None


def seconds_of(begin: datetime | None, end: datetime | None, now: datetime, state: str) -> float | None:
    """Returns seconds from the beginning to the end, or to now while it goes on; None if that cannot be told."""
    begin, end = real(begin), real(end)
    if begin is None or (end is None and state in ENDED):
        return None
    return max(0.0, ((end or now) - begin).total_seconds())


def text_of(error: Any) -> str:
    """Returns the message of a `GooglerpcStatus` in one line; empty if there is none."""
    return " ".join((getattr(error, "message", None) or "").split())
