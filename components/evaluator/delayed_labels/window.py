"""Time windows of logged predictions."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from components.evaluator.errors import EvaluationError

WINDOWS = ("hour", "day", "week", "month")

_FORMATS = {"hour": "%Y-%m-%dT%H", "day": "%Y-%m-%d", "month": "%Y-%m"}


def window_of(time: Any, size: str, where: str) -> str:
    """The window that a time is in, in UTC: `2026-11-20T09`, `2026-11-20`, `2026-W47` or `2026-11`.

    Args:
        time: ISO 8601 text (without a zone it is UTC), or seconds since 1970.
        size: one of `WINDOWS`.
        where: file, line and field, for errors.

    Raises:
        EvaluationError: it is no time.
    """
    moment = _moment(time, where)
    if size == "week":
        year, week, _ = moment.isocalendar()
        return f"{year}-W{week:02d}"
    return moment.strftime(_FORMATS[size])


def _moment(time: Any, where: str) -> datetime:
    try:
        if isinstance(time, str):
            moment = datetime.fromisoformat(time)
            return moment.astimezone(UTC) if moment.tzinfo else moment
        if isinstance(time, int | float) and not isinstance(time, bool):
            return datetime.fromtimestamp(time, UTC)
    except (ValueError, OverflowError, OSError):
        pass  # told below, like what is no time at all
    raise EvaluationError(f"{where}: is {time!r}; write a time as 2026-11-20T09:30:00Z or as seconds since 1970")
