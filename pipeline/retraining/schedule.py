"""Scheduler that calls an action at the times of a cron expression."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime

from pipeline.retraining.cron import next_times

_NAP = 30.0  # seconds after which the clock is looked at again: it may be set, and a machine may have slept


def run_at(
    expression: str,
    action: Callable[[], None],
    *,
    now: Callable[[], datetime] = lambda: datetime.now().astimezone(),
    sleep: Callable[[float], None] = time.sleep,
) -> None:
    """Calls the action at each time of a cron expression, for ever.

    Times that pass while the action runs, or while the machine sleeps, are made up for by one call at most.

    Args:
        expression: see `cron.five_fields`.
        action: what to do.
        now: the clock, with a time zone.
        sleep: waits some seconds.

    Raises:
        NerError: as `next_times`.
    """
    while True:
        due = next(next_times(expression, now()))
        while (left := (due - now()).total_seconds()) > 0:
            sleep(min(left, _NAP))
        action()
