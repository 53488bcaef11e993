"""Lines of progress where standard error is not a terminal."""

from __future__ import annotations

import re
import time
from types import SimpleNamespace

from components.serving.batch_prediction import progress
from components.serving.batch_prediction.progress import Progress


def test_a_pipe_gets_regular_lines_with_share_rows_speed_and_time_left(capsys, monkeypatch):
    monkeypatch.setattr("components.common.progress._SILENT_SECONDS", 0.05)
    bar = Progress(1000)
    bar.advance(1250, 250)
    time.sleep(0.5)
    bar.close()
    lines = capsys.readouterr().err.splitlines()
    assert lines
    assert all(re.fullmatch(r"25 %, 1,250 rows, [\d,]+ rows/s, \d+:\d\d:\d\d left", line) for line in lines)


def test_rows_of_an_earlier_run_do_not_count_as_speed(monkeypatch):
    now = [0.0]
    monkeypatch.setattr(progress, "time", SimpleNamespace(monotonic=lambda: now[0]))
    bar = Progress(100, shown=False)
    bar.skip(900, 90)
    now[0] = 10.0
    bar.advance(50, 95)
    assert bar.line() == "95 %, 950 rows, 5 rows/s, 0:00:10 left"
