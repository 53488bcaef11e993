"""The scheduler calls its action at the times of a cron expression."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from pipeline.retraining.schedule import run_at

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)  # a Sunday


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
