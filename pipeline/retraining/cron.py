"""Cron expressions that every cron reads alike (crontab's five fields, as canonical lists of numbers), and a scheduler.

croniter reads the expression. APScheduler counts weekdays from Monday, so that `0 3 * * 0` runs on the wrong day
without an error.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from datetime import datetime

from components.common.errors import NerError

_MONTHS = "jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec"
_DAYS = "sun|mon|tue|wed|thu|fri|sat"
_NAMES = f"{_MONTHS}|{_DAYS}"
_NUMBERS = {
    name: number for names, first in ((_MONTHS, 1), (_DAYS, 0)) for number, name in enumerate(names.split("|"), first)
}
_LARGEST = (59, 23, 31, 12, 7)
_FIELD = re.compile(rf"(?:[0-9*,/-]|{_NAMES})+")  # croniter also reads L, W, #, ?, H and R, other crons do not
_NICKNAMES = ("@hourly", "@daily", "@midnight", "@weekly", "@monthly", "@yearly", "@annually")
_ODD_RANGE = re.compile(r"\b(\w+)-\1\b|[a-z]-[0-9]|[0-9]-[a-z]")  # croniter 7 reads 1-1 and mon-1 as a star
_NAP_SECONDS = 30.0  # the clock may be changed, and the machine may sleep, so it is read again after this time


def five_fields(expression: str) -> str:
    """Returns the five fields of a cron expression with plain numbers instead of names, ranges and steps.

    Args:
        expression: minute, hour, day of month, month, day of week as in crontab(5), or `@daily` and the like.

    Raises:
        NerError: the expression is invalid, crons read it in different ways, or it never comes true.

    >>> five_fields("*/20 3 * * mon-wed,7")
    '0,20,40 3 * * 0,1,2,3'
    """
    from croniter import croniter

    texts = expression.split()
    if len(texts) == 1 and texts[0].startswith("@"):
        if texts[0].lower() not in _NICKNAMES:
            raise NerError(f"--cron {expression!r}: unknown. Use one of {', '.join(_NICKNAMES)}, or five fields.")
    else:
        if len(texts) != 5:
            raise NerError(
                f"--cron {expression!r}: {len(texts)} fields. Give the five of crontab, "
                "e.g. '0 3 * * *' for every night at 3:00."
            )
        _check_fields(texts, expression)
    try:
        fields, _ = croniter.expand(expression.strip())
    except ValueError as error:  # croniter's errors are
        raise NerError(
            f"--cron {expression!r}: {str(error).rstrip('.')}. Give the five fields of crontab, e.g. '0 3 * * *'."
        ) from None
    canonical = " ".join(",".join(map(str, numbers)) for numbers in fields)
    next(_times(canonical, expression, datetime(2024, 1, 1)))
    return canonical


def next_times(expression: str, after: datetime) -> Iterator[datetime]:
    """Yields the times of a cron expression, in the time zone of `after`.

    Args:
        expression: as of `five_fields`.
        after: every time is later than this.

    Raises:
        NerError: as `five_fields`.
    """
    yield from _times(five_fields(expression), expression, after)


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
        expression: as of `five_fields`.
        action: the action.
        now: the clock, with a time zone.
        sleep: waits some seconds.

    Raises:
        NerError: as `next_times`.
    """
    while True:
        due = next(next_times(expression, now()))
        while (left := (due - now()).total_seconds()) > 0:
            sleep(min(left, _NAP_SECONDS))
        action()


def _check_fields(texts: list[str], expression: str) -> None:
    for text, largest in zip(texts, _LARGEST, strict=True):
        if not _FIELD.fullmatch(text.lower()):
            raise NerError(
                f"--cron {expression!r}: {text!r} is not portable. "
                "Use numbers, names such as mon or jan, lists a,b, ranges a-b and steps */n"
            )
        if _ODD_RANGE.search(text.lower()) or re.search(r"\*,|,\*", text):
            raise NerError(f"--cron {expression!r}: {text!r} is ambiguous. Write * or the single values")
        for part in text.lower().split(","):
            values, slash, step = part.partition("/")
            first, hyphen, last = values.partition("-")
            backwards = hyphen and _number(first) > _number(last)
            if backwards or (slash and not (hyphen or values == "*")) or _number(step) > largest:
                raise NerError(f"--cron {expression!r}: crons disagree on {part!r}. Write the single values")
    days = texts[2], texts[4]
    if "*" not in days and "*" in days[0] + days[1]:
        raise NerError(
            f"--cron {expression!r}: crons disagree on a step */n in one day field next to a value in the other. "
            "Write the days out, e.g. 1,3,5"
        )


def _number(text: str) -> int:
    """Returns the number of a value or name; 0 for another text, which croniter refuses."""
    return _NUMBERS.get(text, int(text) if text.isdigit() else 0)


def _times(canonical: str, expression: str, after: datetime) -> Iterator[datetime]:
    from croniter import CroniterBadDateError, croniter

    times = croniter(canonical, after, ret_type=datetime)
    while True:
        try:
            yield times.get_next()
        except CroniterBadDateError:
            raise NerError(f"--cron {expression!r}: never comes true. Give a date that exists") from None
