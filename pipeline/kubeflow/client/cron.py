"""Cron expressions: five fields as in crontab, and the six that Kubeflow Pipelines reads.

KFP parses with robfig/cron v1, whose first field is the second: `0 3 * * *` is accepted there and means the third
minute of every hour. Its fields differ from crontab(5) in little else: Sunday is 0 and never 7, and a range may not
begin after its end. What robfig, crontab and croniter (which `ner schedule` uses) would read in different ways is
refused, so that one expression means one thing everywhere. No library translates between the two; croniter itself
reads six fields with the second last or first, but writes none.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from components.common.errors import NerError
from pipeline.retraining.schedule import next_times

_SHORTCUTS = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
}
_ELEMENT = re.compile(r"(?P<first>\*|[0-9]+|[a-z]+)(?:-(?P<last>[0-9]+|[a-z]+))?(?:/(?P<step>[0-9]+))?")
_MONTHS = {"jan": 1, "feb": 2, "mar": 3, "apr": 4, "may": 5, "jun": 6, "jul": 7, "aug": 8, "sep": 9, "oct": 10}
_MONTHS |= {"nov": 11, "dec": 12}
_WEEKDAYS = {"sun": 0, "mon": 1, "tue": 2, "wed": 3, "thu": 4, "fri": 5, "sat": 6}


@dataclass(frozen=True)
class _Field:
    name: str
    low: int
    high: int  # as crontab allows it: 7 for the day of the week
    names: dict[str, int]


_FIELDS = (
    _Field("minute", 0, 59, {}),
    _Field("hour", 0, 23, {}),
    _Field("day of month", 1, 31, {}),
    _Field("month", 1, 12, _MONTHS),
    _Field("day of week", 0, 7, _WEEKDAYS),
)


def to_kfp(expression: str) -> str:
    """Returns the six fields, the second first, that mean to Kubeflow Pipelines what five mean to crontab.

    Args:
        expression: five fields, or `@daily` and the like.

    Raises:
        NerError: not five fields; a field that cannot be read, or that crontab and KFP read differently; an
            expression that never comes true.
    """
    parts = _SHORTCUTS.get(expression.strip().lower(), expression).lower().split()
    if len(parts) == 6:
        raise NerError(
            f"--cron {expression!r} has six fields. Give the five of crontab, e.g. '0 3 * * *' for three o'clock each "
            "night; the field of the seconds, which Kubeflow Pipelines wants first, is put in here"
        )
    if len(parts) != 5:
        raise NerError(f"--cron {expression!r} has {len(parts)} fields; give the five of crontab, e.g. '0 3 * * *'")
    fields = [_converted(part, field, expression) for part, field in zip(parts, _FIELDS, strict=True)]
    _check_days(parts[2], parts[4], expression)
    next(next_times(" ".join(fields), datetime(2024, 1, 1)))  # refuses what never comes true
    return " ".join(["0", *fields])


def to_crontab(expression: str) -> str | None:
    """Returns the five fields of an expression that Kubeflow Pipelines holds; None if five cannot say it.

    Args:
        expression: as the server has it, whoever wrote it: six fields, five (second to month), or a shortcut.
    """
    parts = _SHORTCUTS.get(expression.strip().lower(), expression).split()
    if expression.strip().startswith("@"):
        return " ".join(parts) if len(parts) == 5 else None
    parts += ["*"] if len(parts) == 5 else []  # robfig: the day of the week may be left out
    if len(parts) != 6 or parts[0] != "0":
        return None
    return " ".join("*" if part == "?" else part for part in parts[1:])


def times_of(kfp_expression: str, after: datetime) -> Iterator[datetime]:
    """Yields the times of an expression that the server holds; nothing if it cannot be said in five fields.

    Args:
        kfp_expression: as the server has it.
        after: every time is later; its zone is the one the server reckons in.
    """
    five = to_crontab(kfp_expression)
    if five is None:
        return
    try:
        yield from next_times(five, after)
    except NerError:  # somebody else's expression that croniter does not know
        return


def _converted(text: str, field: _Field, expression: str) -> str:
    """Returns a field in robfig's terms."""
    if text == "*":
        return text
    elements = [_converted_element(element, field, expression) for element in text.split(",")]
    if len(elements) > 1 and any(element.startswith("*") for element in elements):
        raise _unreadable(text, field, expression, "a list with a star in it")
    return ",".join(elements)


def _converted_element(text: str, field: _Field, expression: str) -> str:
    match = _ELEMENT.fullmatch(text)
    if match is None:
        raise _unreadable(text, field, expression, "only numbers, names, ranges a-b, steps */n and a-b/n are known")
    step = int(match["step"]) if match["step"] else 1
    if not 1 <= step <= field.high:
        raise _unreadable(text, field, expression, f"a step is between 1 and {field.high}")
    if match["first"] == "*":
        if match["last"]:
            raise _unreadable(text, field, expression, "a star is no beginning of a range")
        return "*" if step == 1 else text
    first = _number(match["first"], text, field, expression)
    if match["last"] is None and match["step"]:
        raise _unreadable(text, field, expression, f"some crons ignore this step; write {first}-{field.high}/{step}")
    last = first if match["last"] is None else _number(match["last"], text, field, expression)
    if first > last:
        raise _unreadable(text, field, expression, "the range begins after its end; write two ranges")
    if field.names is _WEEKDAYS and last == 7:
        return ",".join(map(str, sorted({day % 7 for day in range(first, 8, step)})))
    # croniter takes 0-0 in the day of the week for every day.
    return match["first"] if first == last else text


def _number(text: str, element: str, field: _Field, expression: str) -> int:
    if not text.isdigit() and text not in field.names:
        known = f"; known names: {', '.join(field.names)}" if field.names else ""
        raise _unreadable(element, field, expression, f"{text!r} is not a number{known}")
    value = int(text) if text.isdigit() else field.names[text]
    if not field.low <= value <= field.high:
        raise _unreadable(element, field, expression, f"it is between {field.low} and {field.high}")
    return value


def _check_days(month_day: str, week_day: str, expression: str) -> None:
    """Refuses `*/2` beside the other day field: one of both days to some crons, both at once to others."""
    if "*" not in (month_day, week_day) and "*/" in month_day + week_day:
        raise NerError(
            f"--cron {expression!r}: days of the month and of the week together, one of them with */n, is read in "
            "different ways by different crons; write the days out, e.g. 1,3,5"
        )


def _unreadable(text: str, field: _Field, expression: str, why: str) -> NerError:
    return NerError(f"--cron {expression!r}: the field {field.name} has {text!r}: {why}")
