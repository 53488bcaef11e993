"""Five fields of crontab and six of KFP: the same times, by a model of robfig/cron v1 written here from its rules."""

from __future__ import annotations

import itertools
import re
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from components.common.errors import NerError
from pipeline.kubeflow.client import cron
from pipeline.retraining.schedule import next_times

START = datetime(2023, 12, 28, 22, 7, 31, tzinfo=UTC)  # before a leap year's February, in the middle of a minute
DAYS = 800  # over the 29 February and two turns of the year

# --- robfig/cron v1, as its documentation and source have it: sets of values, a star bit, and nothing of ours.
_LIMITS = [(0, 59), (0, 59), (0, 23), (1, 31), (1, 12), (0, 6)]
_MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
_WEEKDAYS = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"]
_NAMES = [{}, {}, {}, {}, {m: i + 1 for i, m in enumerate(_MONTHS)}, {d: i for i, d in enumerate(_WEEKDAYS)}]


def robfig_value(text, names):
    return names[text.lower()] if text.lower() in names else int(text)


def robfig_range(text, limits, names):
    span, slash, step = text.partition("/")
    first, hyphen, last = span.partition("-")
    if first in ("*", "?"):
        low, high, star = limits[0], limits[1], True
    else:
        low = robfig_value(first, names)
        high = robfig_value(last, names) if hyphen else (limits[1] if slash else low)
        star = False
    step = int(step) if slash else 1
    if low < limits[0] or high > limits[1] or low > high or step < 1:
        raise ValueError(f"robfig refuses {text}")
    return set(range(low, high + 1, step)), star


def robfig_fields(expression):
    """Returns a set of values and the star bit for each of six fields."""
    parts = expression.split()
    parts += ["*"] if len(parts) == 5 else []
    fields = []
    for part, limits, names in zip(parts, _LIMITS, _NAMES, strict=True):
        ranges = [robfig_range(element, limits, names) for element in part.split(",")]
        fields.append((set().union(*(values for values, _ in ranges)), any(star for _, star in ranges)))
    return fields


def robfig_times(expression, start=START, days=DAYS):
    """Every time of a stretch: each day, hour, minute and second is looked at on its own."""
    (seconds, _), (minutes, _), (hours, _), (month_days, md_star), (months, _), (week_days, wd_star) = robfig_fields(
        expression
    )
    midnight = start.replace(hour=0, minute=0, second=0)
    for day in (midnight + timedelta(days=i) for i in range(days)):
        in_month, in_week = day.day in month_days, (day.weekday() + 1) % 7 in week_days
        right_day = (in_month and in_week) if md_star or wd_star else (in_month or in_week)
        if day.month in months and right_day:
            for hour, minute, second in itertools.product(sorted(hours), sorted(minutes), sorted(seconds)):
                moment = day.replace(hour=hour, minute=minute, second=second)
                if moment > start:
                    yield moment


def crontab_times(expression, start=START):
    """croniter's. It takes a range of one weekday, 0-0, for every day; crontab(5) does not."""
    plain = re.sub(r"\b(\d+)-\1\b(/\d+)?", r"\1", expression)
    return itertools.takewhile(lambda time: time < start + timedelta(days=DAYS - 1), next_times(plain, start))


def assert_same_times(expression, count, start=START):
    converted = cron.to_kfp(expression)
    wanted = list(itertools.islice(crontab_times(expression, start), count))
    assert wanted
    assert list(itertools.islice(robfig_times(converted, start), len(wanted))) == wanted


# --- the conversion


@pytest.mark.parametrize(
    ("crontab", "kfp"),
    [
        ("0 3 * * *", "0 0 3 * * *"),
        ("*/15 * * * *", "0 */15 * * * *"),
        ("30 4 1,15 * *", "0 30 4 1,15 * *"),
        ("0 3 * * 7", "0 0 3 * * 0"),
        ("0 3 * * 5-7", "0 0 3 * * 0,5,6"),
        ("0 3 * * 0,7", "0 0 3 * * 0,0"),
        ("0 3 * * 1-7/2", "0 0 3 * * 0,1,3,5"),
        ("0 3 * * MON-FRI", "0 0 3 * * mon-fri"),
        ("0 3 1 jan,JUL *", "0 0 3 1 jan,jul *"),
        ("0 3 13 * 5", "0 0 3 13 * 5"),
        ("0 3 13 * 0-6", "0 0 3 13 * 0-6"),
        ("0 9-17/2 * * 1-5", "0 0 9-17/2 * * 1-5"),
        ("0 0 29 2 *", "0 0 0 29 2 *"),
        ("*/1 * * * *", "0 * * * * *"),
        ("  0   3 *\t* *  ", "0 0 3 * * *"),
        ("@daily", "0 0 0 * * *"),
        ("@weekly", "0 0 0 * * 0"),
        ("@hourly", "0 0 * * * *"),
        ("@Monthly", "0 0 0 1 * *"),
        ("@yearly", "0 0 0 1 1 *"),
    ],
)
def test_seconds_come_first_and_the_times_stay(crontab, kfp):
    assert cron.to_kfp(crontab) == kfp
    assert_same_times(crontab.strip().lower(), 60)


def test_five_fields_given_raw_would_mean_something_else():
    """What the conversion is there for."""
    raw = list(itertools.islice(robfig_times("0 3 * * *"), 3))
    assert raw != list(itertools.islice(crontab_times("0 3 * * *"), 3))
    assert [time.minute for time in raw] == [3, 3, 3]


def _elements(low, high):
    single = st.integers(low, high).map(str)
    ranges = st.tuples(st.integers(low, high), st.integers(low, high)).map(sorted).map(lambda ab: f"{ab[0]}-{ab[1]}")
    stepped = st.tuples(ranges, st.integers(1, min(9, high))).map(lambda rs: f"{rs[0]}/{rs[1]}")
    return st.lists(single | ranges | stepped, min_size=1, max_size=3).map(",".join)


def _field(low, high):
    return st.just("*") | st.integers(2, 9).map(lambda step: f"*/{min(step, high)}") | _elements(low, high)


_MOMENTS = st.datetimes(datetime(2023, 1, 1), datetime(2026, 1, 1), timezones=st.just(UTC))


@settings(max_examples=150, deadline=None, derandomize=True)
@given(_field(0, 59), _field(0, 23), _field(1, 28), _field(1, 12), _field(0, 7), _MOMENTS)
def test_any_expression_keeps_its_times_or_is_refused(minute, hour, month_day, month, week_day, start):
    expression = " ".join([minute, hour, month_day, month, week_day])
    ambiguous = "*" not in (month_day, week_day) and "*/" in month_day + week_day
    if ambiguous:
        with pytest.raises(NerError, match="write the days out"):
            cron.to_kfp(expression)
    else:
        assert_same_times(expression, 12, start.replace(microsecond=0))


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("0 0 3 * * *", "six fields.*seconds.*is put in here"),
        ("0 3 * *", "has 4 fields"),
        ("", "has 0 fields"),
        ("0 3 * * fri-mon", "day of week has 'fri-mon'.*two ranges"),
        ("0 22-2 * * *", "hour has '22-2'.*two ranges"),
        ("5/15 * * * *", "write 5-59/15"),
        ("60 * * * *", "minute has '60'.*between 0 and 59"),
        ("0 3 0 * *", "day of month has '0'"),
        ("0 3 * * 8", "day of week has '8'"),
        ("0 3 L * *", "day of month has 'l'"),
        ("0 3 15W * *", "day of month has '15w'"),
        ("0 3 * * 5#2", "day of week has '5#2'"),
        ("0 3 ? * 1", "day of month has '?'"),
        ("R 3 * * *", "minute has 'r'"),
        ("0 3 * * friday", "'friday' is not a number; known names: sun, mon"),
        ("*,5 * * * *", "star in it"),
        ("*/0 * * * *", "step is between 1 and 59"),
        ("*/70 * * * *", "step is between"),
        ("*-5 * * * *", "no beginning"),
        ("0 3 */2 * 1", "write the days out"),
        ("0 3 1 * */2", "write the days out"),
        ("0 3 30 2 *", "never comes true"),
        ("@reboot", "has 1 fields"),
        ("@every 1h", "has 2 fields"),
        (", * * * *", "minute has ''"),
    ],
)
def test_what_crons_do_not_agree_on_is_refused(expression, message):
    with pytest.raises(NerError, match=message.replace("?", r"\?")):
        cron.to_kfp(expression)


@pytest.mark.parametrize(
    ("kfp", "crontab"),
    [
        ("0 0 3 * * *", "0 3 * * *"),
        ("0 30 4 ? * 1-5", "30 4 * * 1-5"),
        ("0 3 * * *", "3 * * * *"),  # five fields given raw: second, minute, hour, day, month
        ("30 0 3 * * *", None),
        ("*/10 * * * * *", None),
        ("@daily", "0 0 * * *"),
        ("@every 1h", None),
        ("nonsense", None),
    ],
)
def test_what_a_server_holds_is_shown_in_five_fields_where_five_can_say_it(kfp, crontab):
    assert cron.to_crontab(kfp) == crontab
    if crontab and not kfp.startswith("@"):
        wanted = list(itertools.islice(robfig_times(kfp.replace("?", "*")), 20))
        assert list(itertools.islice(cron.times_of(kfp, START), 20)) == wanted


@pytest.mark.parametrize("kfp", ["30 0 3 * * *", "0 61 * * * *", "0 0 3 * * 5,x"])
def test_times_that_cannot_be_told_are_none(kfp):
    assert list(itertools.islice(cron.times_of(kfp, START), 1)) == []
