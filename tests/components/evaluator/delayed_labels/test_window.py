"""Time windows."""

from __future__ import annotations

import pytest

from components.evaluator.delayed_labels.window import window_of
from components.evaluator.errors import EvaluationError


@pytest.mark.parametrize(
    ("time", "size", "window"),
    [
        ("2026-11-20T09:30:00Z", "hour", "2026-11-20T09"),
        ("2026-11-20T09:30:00Z", "day", "2026-11-20"),
        ("2026-11-20T23:30:00-02:00", "day", "2026-11-21"),
        ("2026-11-20 23:30", "day", "2026-11-20"),
        ("2026-11-20", "month", "2026-11"),
        ("2027-01-01", "week", "2026-W53"),
        (0, "day", "1970-01-01"),
        (1795167000.5, "day", "2026-11-20"),
    ],
)
def test_windows_are_in_utc(time, size, window):
    assert window_of(time, size, "f:1") == window


@pytest.mark.parametrize("time", [None, "yesterday", "", True, [1], float("inf"), 1e20])
def test_what_is_no_time_is_named(time):
    with pytest.raises(EvaluationError, match=r"f:1: timestamp: is .*; write a time as"):
        window_of(time, "day", "f:1: timestamp")
