"""How a task ended."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Literal

State = Literal["succeeded", "failed", "skipped"]


@dataclasses.dataclass(frozen=True)
class TaskResult:
    """How a task ended.

    Attributes:
        name: name of the task.
        state: "succeeded"; "failed" (all tries); "skipped" (its condition did not hold, or something before it did not
            succeed).
        seconds: how long its tries took, waiting included.
        message: why it failed, the last line of its pod; why it was skipped; otherwise empty.
        tries: how often its pod was started.
        log: file with what its last pod printed; None where there was no pod.
    """

    name: str
    state: State
    seconds: float = 0.0
    message: str = ""
    tries: int = 0
    log: Path | None = None

    def line(self) -> str:
        """The result as one line."""
        again = f", {self.tries} tries" if self.tries > 1 else ""
        why = f": {self.message}" if self.message else ""
        return f"{self.name:<24} {self.seconds:7.1f} s  {'ok' if self.state == 'succeeded' else self.state}{again}{why}"
