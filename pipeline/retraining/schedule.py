"""Scheduler that calls an action at the times of a cron expression."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime

from pipeline.retraining.cron import next_times

_NAP_SECONDS = 30.0  # the clock may be changed, and the machine may sleep, so it is read again after this time


def run_at(
    expression: str,
    action: Callable[[], None],
    *,
    now: Callable[[], datetime] = lambda: datetime.now().astimezone(),
    sleep: Callable[[float], None] = time.sleep,
) -> None:
    """Calls the action at each time of a cron expression, without end.

    Times that pass while the action runs or the machine sleeps lead to one call at most.

    Args:
        expression: see `cron.five_fields`.
        action: the action.
        now: the clock, with a time zone.
        sleep: waits some seconds.

    Raises:
        NerError: see `next_times`.
    """
    while True:
        due = next(next_times(expression, now()))
        while (left := (due - now()).total_seconds()) > 0:
            sleep(min(left, _NAP_SECONDS))
        action()
