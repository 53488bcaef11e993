"""Runs a command at the times of a cron expression.

croniter reads the expression. APScheduler, which would also run the command, was tried: its `from_crontab` counts
weekdays from Monday where cron counts them from Sunday, so that `0 3 * * 0` runs on the wrong day without a word.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import datetime

from components.common.errors import NerError

_NAP = 30.0  # seconds after which the clock is looked at again: it may be set, and a machine may have slept


def next_times(expression: str, after: datetime) -> Iterator[datetime]:
    """Yields the times of a cron expression, in the time zone of `after`.

    Args:
        expression: five fields (minute, hour, day of month, month, day of week), or `@daily` and the like.
        after: every time is later than this.

    Raises:
        NerError: the expression cannot be read, or never comes true.
    """
    from croniter import CroniterBadCronError, CroniterBadDateError, croniter

    shortcut = expression.startswith("@")
    if not shortcut and len(expression.split()) != 5:
        raise NerError(
            f"--cron {expression!r} has not five fields; for example '0 3 * * *' for three o'clock each night"
        )
    try:
        times = croniter(expression, after, ret_type=datetime)
        while True:
            yield times.get_next()
    except CroniterBadDateError:
        raise NerError(f"--cron {expression!r} never comes true; give a date that exists") from None
    except (CroniterBadCronError, ValueError) as error:
        raise NerError(f"--cron {expression!r} cannot be read: {error}") from None


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
        expression: see `next_times`.
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
