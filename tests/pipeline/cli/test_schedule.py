"""`ner schedule`."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest
from click.testing import CliRunner
from support.repository import ROOT

from pipeline.cli.schedule import schedule


def test_the_next_times_are_shown_without_running_anything():
    result = CliRunner().invoke(schedule, ["--cron", "0 3 * * 0", "--next", "3"])
    assert result.exit_code == 0
    assert len(result.stdout.splitlines()) == 3
    assert all("T03:00" in line for line in result.stdout.splitlines())


def test_it_wants_to_know_where():
    result = CliRunner().invoke(schedule, ["--cron", "0 3 * * *"])
    assert result.exit_code == 2
    assert "--local" in result.output


@pytest.mark.timeout(150)
@pytest.mark.slow
def test_at_its_time_a_retraining_runs_as_a_process_of_its_own(tmp_path):
    """Every minute; the retraining fails at once (the corpus is missing), and the schedule goes on."""
    command = [sys.executable, "-c", "from pipeline.cli.main import main; main()", "schedule", "--cron", "* * * * *"]
    command += ["--local", "--set", f"work_dir={tmp_path}", "--data", str(tmp_path / "missing")]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"}
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment, cwd=tmp_path
    )
    lines = []
    while not lines or "next retraining" not in lines[-1] or len(lines) < 3:
        lines.append(process.stdout.readline())
        assert lines[-1], lines
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=120)  # the next one may have begun
    assert lines[0].startswith("next retraining: ")
    assert "ner retrain\n" in lines[1]
    assert any("missing" in line and "is no folder" in line for line in lines), lines
    assert "ner retrain ended with 1\n" in lines
