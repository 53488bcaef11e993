"""`ner retrain` and `ner schedule`: options, output and exit codes."""

from __future__ import annotations

import json
import signal
import subprocess
import sys

import pytest
from click.testing import CliRunner
from support.processes import popen
from support.repository import python_environment

from pipeline.cli.retrain import retrain, schedule
from pipeline.retraining.outcome import EXIT_CODES, Outcome


@pytest.fixture
def calls(monkeypatch):
    """Arguments of `retrain`; its result is `calls[0]`."""
    recorded = [Outcome("promoted", "version 2 is the champion", ("span 2 is new",), 2)]

    def record(config, **arguments):
        recorded.append((config.corpus.path, arguments))
        return recorded[0]

    monkeypatch.setattr("pipeline.retraining.retrain.retrain", record)
    return recorded


def test_the_exit_code_is_that_of_the_outcome(calls):
    for kind, code in EXIT_CODES.items():
        calls[0] = Outcome(kind, "in words")
        result = CliRunner().invoke(retrain)
        assert result.exit_code == code
        assert result.stdout == f"{kind}: in words\n"


def test_reasons_and_outcome_are_printed_as_text_or_json(calls):
    result = CliRunner().invoke(retrain)
    assert result.stdout == "reason: span 2 is new\npromoted: version 2 is the champion\n"
    values = json.loads(CliRunner().invoke(retrain, ["--json"]).stdout.splitlines()[-1])
    assert (values["kind"], values["version"], values["exit_code"]) == ("promoted", 2, 0)


def test_the_option_overrides_the_setting(calls):
    for arguments, warm in [
        ([], True),
        (["--full"], False),
        (["--set", "retrain.warm_start=false"], False),
        (["--set", "retrain.warm_start=false", "--warm-start"], True),
    ]:
        CliRunner().invoke(retrain, arguments)
        assert calls[-1][1]["warm_start"] is warm


def test_corpus_reason_and_dry_run_are_passed_on(calls, tmp_path):
    CliRunner().invoke(retrain, ["--data", str(tmp_path), "--force", "new code", "--dry-run"])
    assert calls[1] == (tmp_path, {"warm_start": True, "force": "new code", "dry_run": True})


def test_the_next_times_are_shown_without_a_run():
    result = CliRunner().invoke(schedule, ["--cron", "0 3 * * 0", "--next", "3"])
    assert result.exit_code == 0
    assert len(result.stdout.splitlines()) == 3
    assert all("T03:00" in line for line in result.stdout.splitlines())


def test_a_schedule_needs_a_place_to_run():
    result = CliRunner().invoke(schedule, ["--cron", "0 3 * * *"])
    assert result.exit_code == 2
    assert "--local is missing" in result.output


_FAST_CLOCK = """
import signal
from datetime import datetime

signal.signal(signal.SIGINT, signal.default_int_handler)
from pipeline.cli.main import main
from pipeline.retraining import cron

class Clock(datetime):
    start = datetime.now()

    @classmethod
    def now(cls):
        return cls.start + 30 * (datetime.now() - cls.start)

cron.datetime, cron._NAP_SECONDS = Clock, 0.2
main()
"""


@pytest.mark.timeout(300)
def test_a_due_retraining_runs_as_a_separate_process(tmp_path):
    """Runs every minute. The retraining fails because the corpus is missing, and the schedule continues."""
    # A shell ignores SIGINT in its background jobs, and their children inherit that; the clock runs 30 times as fast.
    command = [sys.executable, "-c", _FAST_CLOCK, "schedule", "--cron", "* * * * *"]
    command += ["--local", "--set", f"work_dir={tmp_path}", "--data", str(tmp_path / "missing")]
    environment = python_environment(PYTHONUNBUFFERED="1")
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
    lines = []
    with popen(command, text=True, env=environment, cwd=tmp_path, **pipes) as process:
        while not lines or "next retraining" not in lines[-1] or len(lines) < 3:
            lines.append(process.stdout.readline())
            assert lines[-1], lines
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=120)  # the next one may have begun
    assert lines[0].startswith("next retraining: ")
    assert "ner retrain\n" in lines[1]
    assert any("missing" in line for line in lines[2:]), lines
    assert "ner retrain ended with 1\n" in lines
