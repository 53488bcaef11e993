"""A cron expression means the same to crontab(5), to croniter and to the cron of Kubeflow Pipelines."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, given, reject, settings
from hypothesis import strategies as st

from components.common.errors import NerError
from pipeline.retraining.cron import five_fields, next_times, run_at

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)  # a Sunday
LIMITS = [(0, 59), (0, 23), (1, 31), (1, 12), (0, 7)]


def crontab_values(field: str, limits: tuple[int, int]) -> set[int]:
    """Reads a numeric field by the rules of crontab(5)."""
    values = set()
    for element in field.split(","):
        span, _, step = element.partition("/")
        first, _, last = span.partition("-")
        low, high = limits if span == "*" else (int(first), int(last or first))
        values |= set(range(low, high + 1, int(step or 1)))
    return values


@st.composite
def expressions(draw: st.DrawFn) -> str:
    fields = []
    for low, high in LIMITS:
        low_value = st.integers(low, high - 1)
        value = low_value.map(str)
        span = low_value.flatmap(lambda first, high=high: st.integers(first + 1, high).map(lambda b: f"{first}-{b}"))
        step = st.integers(1, 5)
        element = value | span | st.builds("{}/{}".format, span, step)
        fields.append(draw(st.just("*") | st.builds("*/{}".format, step) | st.lists(element, min_size=1).map(",".join)))
    return " ".join(fields)


@settings(max_examples=150, deadline=None)
@given(expressions())
def test_canonical_fields_hold_the_values_of_crontab(expression: str) -> None:
    days = expression.split()[2], expression.split()[4]
    assume("*" in days or "*" not in days[0] + days[1])
    try:
        canonical = five_fields(expression).split()
    except NerError:  # 31 February
        reject()
    for field, text, limits in zip(canonical, expression.split(), LIMITS, strict=True):
        every = set(range(limits[0], 7 if limits == (0, 7) else limits[1] + 1))
        values = every if field == "*" else set(map(int, field.split(",")))
        assert values == {value % 7 if limits == (0, 7) else value for value in crontab_values(text, limits)}
    if "*" not in days:  # cron fires on either day
        assert "*" not in (canonical[2], canonical[4])


def test_times_are_those_of_cron() -> None:
    for expression, expected in [
        ("0 3 * * 7", ["2026-11-29T03:00", "2026-12-06T03:00"]),
        ("0 3 * * mon-FRI", ["2026-11-23T03:00", "2026-11-24T03:00"]),
        ("*/30 * * * *", ["2026-11-22T12:30", "2026-11-22T13:00"]),
        ("0 3 1 * 1", ["2026-11-23T03:00", "2026-11-30T03:00"]),
        ("@daily", ["2026-11-23T00:00", "2026-11-24T00:00"]),
    ]:
        times = itertools.islice(next_times(expression, NOON), 2)
        assert [time.isoformat()[:16] for time in times] == expected


def test_a_night_with_a_changed_clock_has_its_run_once() -> None:
    before = datetime(2026, 10, 24, 12, tzinfo=ZoneInfo("Europe/Berlin"))
    times = list(itertools.islice(next_times("30 3 * * *", before), 3))
    assert [(time.day, time.hour, time.minute) for time in times] == [(25, 3, 30), (26, 3, 30), (27, 3, 30)]


def test_errors_name_the_expression_and_the_field() -> None:
    for expression, message in [
        ("0 3 * *", "4 fields. Give the five"),
        ("0 0 3 * * *", "6 fields. Give the five"),
        ("61 * * * *", "out of range"),
        ("*/0 * * * *", "step '0'"),
        ("@never", "unknown. Use one of @hourly"),
        ("0 0 L * *", "'L' is not portable"),
        ("0 0 * * 1#2", "'1#2' is not portable"),
        ("0 0 15W * *", "'15W' is not portable"),
        ("R 3 * * *", "'R' is not portable"),
        ("0 3 1-1 * 5", "'1-1' is ambiguous"),
        ("0 3 * * 1,mon-1", "'1,mon-1' is ambiguous"),
        ("*,5 * * * *", r"'\*,5' is ambiguous"),
        ("0 3 */2 * 1", "crons disagree"),
        ("5-1 * * * *", "crons disagree on '5-1'"),
        ("0 0 * * 1,sat-mon", "crons disagree on 'sat-mon'"),
        ("5/2 * * * *", "crons disagree on '5/2'"),
        ("0-59/70 * * * *", "crons disagree on '0-59/70'"),
        ("0 3 30 2 *", "never comes true"),
    ]:
        with pytest.raises(NerError, match=message) as caught:
            five_fields(expression)
        assert str(caught.value).startswith(f"--cron {expression!r}: ")


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
