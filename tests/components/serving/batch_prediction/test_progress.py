"""Lines of progress where standard error is not a terminal."""

from __future__ import annotations

import re
from types import SimpleNamespace

from components.serving.batch_prediction import progress
from components.serving.batch_prediction.progress import Progress


def test_a_line_follows_every_tenth_with_rows_speed_and_time_left(capsys, monkeypatch):
    clock = iter(range(100_000))
    monkeypatch.setattr(progress, "time", SimpleNamespace(monotonic=lambda: next(clock)))
    bar = Progress(1000)
    for position in range(25, 1001, 25):
        bar.advance(50, position)
    lines = capsys.readouterr().err.splitlines()
    assert [line.split(" %")[0] for line in lines] == [str(percent) for percent in range(10, 101, 10)]
    assert all(re.fullmatch(r"\d+ %, [\d,]+ rows, [\d,]+ rows/s, \d+:\d\d:\d\d left", line) for line in lines)
    assert lines[-1].startswith("100 %, 2,000 rows")
    assert lines[-1].endswith("0:00:00 left")


def test_rows_of_an_earlier_run_do_not_count_as_speed(monkeypatch):
    now = [0.0]
    monkeypatch.setattr(progress, "time", SimpleNamespace(monotonic=lambda: now[0]))
    bar = Progress(100, shown=False)
    bar.skip(900, 90)
    now[0] = 10.0
    bar.advance(50, 95)
    assert bar.line() == "95 %, 950 rows, 5 rows/s, 0:00:10 left"
