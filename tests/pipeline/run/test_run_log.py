"""Progress on the console, and the log file."""

from __future__ import annotations

import logging
import os
import time

import pytest
from absl import logging as absl_logging

from components.common.progress import report_progress
from components.trainer import __file__ as ours
from pipeline.run.run_log import run_log


def said(text, level=logging.INFO, path=ours):
    logger = absl_logging.get_absl_logger()
    logger.handle(logger.makeRecord("absl", level, path, 1, text, (), None))


def test_nodes_and_our_own_words_are_shown_and_everything_is_kept(tmp_path, capfd):
    with run_log(tmp_path, 2) as path:
        said("Component Trainer is running.", path="elsewhere.py")
        said("A cached execution 7 is used.", path="elsewhere.py")
        said("Component Exporter is running.", path="elsewhere.py")
        said("chatter of TFX", path="elsewhere.py")
        said("11 sentences")
        said("Starting Trainer execution.")
        os.write(2, b"noise of C++\n")
    shown = capfd.readouterr().err
    lines = shown.splitlines()
    assert lines[0] == "[1/2] Trainer, 0 s since the start of the run"
    assert lines[1] == "    cached"
    assert lines[2].startswith("[2/2] Exporter, ")
    assert "11 sentences" in shown
    kept = path.read_text(encoding="utf-8")
    for text in ("chatter of TFX", "Starting Trainer", "noise of C++"):
        assert text not in shown
        assert text in kept


def test_the_time_of_a_node_counts_from_the_start_of_the_run_and_not_of_its_first_node(tmp_path, capfd):
    with run_log(tmp_path, 2, begin=time.monotonic() - 40.2):
        said("Component Trainer is running.", path="elsewhere.py")
    assert capfd.readouterr().err.startswith("[1/2] Trainer, 40 s since the start of the run\n")


def test_checks_are_shown_when_they_fail(tmp_path, capfd):
    from components.exporter.validator import __file__ as check

    with run_log(tmp_path, 1):
        said("check a: ok", path=check)
        said("check b: FAILED", logging.ERROR, check)
    shown = capfd.readouterr().err
    assert "check a" not in shown
    assert "check b: FAILED" in shown


def test_an_exception_is_kept_with_its_traceback_and_passes_on(tmp_path, capfd):
    with pytest.raises(KeyError), run_log(tmp_path, 1) as path:
        raise KeyError("x")
    assert "Traceback" in path.read_text(encoding="utf-8")
    shown = capfd.readouterr().err
    assert str(path) in shown
    assert "Traceback" not in shown


def test_logging_is_as_it_was_afterwards(tmp_path, capfd):
    before = (logging.getLogger().handlers[:], absl_logging.get_verbosity())
    with run_log(tmp_path, 1):
        pass
    assert (logging.getLogger().handlers, absl_logging.get_verbosity()) == before
    os.write(2, b"back\n")
    assert capfd.readouterr().err == "back\n"


@pytest.mark.parametrize("terminal", [False, True])
def test_a_terminal_shows_the_steps_of_a_training_and_a_pipe_does_not(tmp_path, capfd, monkeypatch, terminal):
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.delenv("FORCE_COLOR", raising=False)
    if terminal:
        monkeypatch.setenv("FORCE_COLOR", "1")
    with run_log(tmp_path, 1) as path:
        said("Component Trainer is running.", path="elsewhere.py")
        report_progress("training", 3, 10)
        said("epoch 1/2 :key:")
        os.write(2, b"noise of C++\n")
    report_progress("training", 4, 10)
    shown = capfd.readouterr().err
    assert ("3/10" in shown) == terminal
    assert "epoch 1/2 :key:\n" in shown
    assert "noise" not in shown
    assert "4/10" not in shown
    assert "noise of C++" in path.read_text(encoding="utf-8")
