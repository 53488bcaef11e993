"""Times of a cron expression, and what happens at them."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from components.common.errors import NerError
from pipeline.retraining.schedule import next_times, run_at

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)  # a Sunday


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("0 3 * * *", ["2026-11-23T03:00", "2026-11-24T03:00"]),
        ("0 3 * * 0", ["2026-11-29T03:00", "2026-12-06T03:00"]),  # Sundays, as cron counts
        ("0 3 * * 7", ["2026-11-29T03:00", "2026-12-06T03:00"]),
        ("0 3 * * 1-5", ["2026-11-23T03:00", "2026-11-24T03:00"]),
        ("*/30 * * * *", ["2026-11-22T12:30", "2026-11-22T13:00"]),
        ("0 3 1 * 1", ["2026-11-23T03:00", "2026-11-30T03:00"]),  # cron's "or" of the two kinds of day
        ("@daily", ["2026-11-23T00:00", "2026-11-24T00:00"]),
    ],
)
def test_times_are_those_of_cron(expression, expected):
    times = itertools.islice(next_times(expression, NOON), 2)
    assert [time.isoformat()[:16] for time in times] == expected


def test_a_night_with_a_changed_clock_has_its_run_once():
    before = datetime(2026, 10, 24, 12, tzinfo=ZoneInfo("Europe/Berlin"))
    times = list(itertools.islice(next_times("30 3 * * *", before), 3))
    assert [(time.day, time.hour, time.minute) for time in times] == [(25, 3, 30), (26, 3, 30), (27, 3, 30)]


@pytest.mark.parametrize(
    ("expression", "says"),
    [
        ("0 3 * *", "has not five fields"),
        ("0 0 3 * * *", "has not five fields"),
        ("61 * * * *", "cannot be read"),
        ("nonsense a b c d", "cannot be read"),
        ("@never", "cannot be read"),
        ("0 3 30 2 *", "never comes true"),
    ],
)
def test_an_expression_that_is_none_is_told(expression, says):
    with pytest.raises(NerError, match=says):
        next(next_times(expression, NOON))


class _Clock:
    """A clock that sleeping moves on, and that ends the test."""

    def __init__(self, end: datetime) -> None:
        self.time, self.end, self.naps = NOON, end, []

    def now(self) -> datetime:
        return self.time

    def sleep(self, seconds: float) -> None:
        self.naps.append(seconds)
        self.time += timedelta(seconds=seconds)
        if self.time > self.end:
            raise KeyboardInterrupt


def test_the_action_is_called_at_each_time_and_not_before():
    clock = _Clock(NOON + timedelta(hours=3, minutes=30))
    called = []
    with pytest.raises(KeyboardInterrupt):
        run_at("0 * * * *", lambda: called.append(clock.time), now=clock.now, sleep=clock.sleep)
    assert called == [NOON + timedelta(hours=hour) for hour in (1, 2, 3)]
    assert max(clock.naps) <= 30


def test_times_that_a_long_action_misses_are_not_made_up_for():
    clock = _Clock(NOON + timedelta(hours=5))
    called = []

    def long_action():
        called.append(clock.time)
        clock.time += timedelta(hours=2, minutes=30)

    with pytest.raises(KeyboardInterrupt):
        run_at("0 * * * *", long_action, now=clock.now, sleep=clock.sleep)
    assert called == [NOON + timedelta(hours=1), NOON + timedelta(hours=4)]
