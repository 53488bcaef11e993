"""Progress of long work on a terminal and in a pipe."""

from __future__ import annotations

import io
import time

import pytest
from rich.console import Console

from components.common.progress import ProgressLine, RegularLines, progress_shown, progress_to, report_progress


def terminal(width: int = 80) -> Console:
    return Console(file=io.StringIO(), force_terminal=True, width=width, color_system=None, legacy_windows=False)


def shown(console: Console) -> str:
    """Returns the newest state of the last line."""
    return console.file.getvalue().replace("\x1b[?25l", "").rsplit("\x1b[2K", maxsplit=1)[-1]


@pytest.fixture
def line():
    """A visible line; it is drawn when a test says so."""
    console = terminal()
    progress = ProgressLine(console, redirect=False)

    def draw() -> str:
        progress._bar.refresh()
        return shown(console)

    yield progress, draw
    progress.remove()


def test_work_is_shown_before_its_first_report_and_with_its_steps_after_it(line):
    progress, draw = line
    progress.begin("Transform")
    assert draw().split()[0] == "Transform"
    progress.show("stages", 3, 1200, False)
    text = draw()
    assert text.split()[0] == "stages"
    assert "3/1,200" in text
    assert "left" not in text
    progress.show("stages", 4, 0, False)
    assert "/" not in draw()


def test_the_time_left_counts_only_steps_of_this_process(line, monkeypatch):
    progress, draw = line
    monkeypatch.setattr(time, "monotonic", lambda: 100.0)
    progress.begin("Trainer")
    progress.show("training", 600, 1000, True)  # a resumed training
    assert "left" not in draw()
    monkeypatch.setattr(time, "monotonic", lambda: 110.0)
    progress.show("training", 700, 1000, True)
    text = draw()
    assert "at most 0:00:30 left" in text
    assert len(text.rstrip()) <= 80


def test_a_removed_line_leaves_no_text_and_a_visible_cursor():
    console = terminal()
    progress = ProgressLine(console, redirect=False)
    progress.begin("Transform")
    progress.remove()
    progress.remove()
    assert console.file.getvalue().endswith("\x1b[1A\x1b[2K")
    assert console.file.getvalue().rfind("\x1b[?25h") > console.file.getvalue().rfind("\x1b[?25l")


@pytest.mark.parametrize("variables", [{}, {"TERM": "dumb", "FORCE_COLOR": "1"}], ids=["pipe", "dumb"])
def test_a_pipe_and_a_dumb_terminal_get_a_line_after_ten_seconds_of_silence(monkeypatch, capfd, variables):
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    with progress_shown("reading"):
        report_progress("checks", 1, 2)
    assert capfd.readouterr() == ("", "")
    monkeypatch.setattr("components.common.progress._SILENT_SECONDS", 0.05)
    with progress_shown("reading"):
        time.sleep(0.5)
        report_progress("checks", 1, 2)
        time.sleep(0.5)
    output, errors = capfd.readouterr()
    assert output == ""
    assert {line.rsplit(", ", 1)[0] for line in errors.splitlines()} == {"    reading", "    checks 1/2"}
    assert errors.splitlines()[0] == "    reading, 0:00:00"


def test_a_line_in_a_pipe_waits_for_silence(monkeypatch):
    monkeypatch.setattr("components.common.progress._SILENT_SECONDS", 0.4)
    stream = io.StringIO()
    lines = RegularLines(lambda: "checks", stream)
    for _ in range(8):
        time.sleep(0.1)
        lines.postpone()
    assert stream.getvalue() == ""
    time.sleep(0.8)
    lines.stop()
    assert set(stream.getvalue().splitlines()) == {"checks"}


def test_output_of_the_block_reaches_its_pipe_although_the_terminal_shows_a_line(monkeypatch, capfd):
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("FORCE_COLOR", "1")
    with progress_shown("reading"):
        print("row", flush=True)
    output, errors = capfd.readouterr()
    assert output == "row\n"
    assert "reading" in errors


def test_reports_after_the_block_go_nowhere():
    reports = []
    with progress_to(lambda *report: reports.append(report)):
        report_progress("checks", 1, 2)
    report_progress("checks", 2, 2)
    assert reports == [("checks", 1, 2, False)]
