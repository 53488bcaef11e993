"""Clocks, memory and processes."""

from __future__ import annotations

import sys
import time

import pytest

from benchmarks.machine import ONE_THREAD, ROOT, CpuClock, environment, peak_rss_mb, reset_peak_rss, run_all
from components.common.errors import NerError


def test_sleep_costs_wall_seconds_and_work_costs_cpu_seconds():
    clock = CpuClock()
    time.sleep(0.2)
    assert clock.wall_seconds >= 0.2
    assert clock.cpu_seconds < 0.1
    while clock.cpu_seconds < 0.1:
        sum(range(1000))


def test_peak_memory_is_in_megabytes():
    held = bytearray(b"x") * 300_000_000
    assert peak_rss_mb() > 300
    before = peak_rss_mb()
    del held
    assert peak_rss_mb() == before
    reset_peak_rss()
    assert peak_rss_mb() < before - 200


@pytest.mark.parametrize("at_a_time", [1, 2])
def test_a_failed_command_does_not_stop_the_others(tmp_path, at_a_time):
    commands = {
        name: [sys.executable, "-c", code] for name, code in (("bad", "raise SystemExit(3)"), ("good", "print('fine')"))
    }
    lines = []
    with pytest.raises(NerError, match="1 of 2 runs failed: bad"):
        run_all(commands, at_a_time, tmp_path, lines.append)
    assert any("bad: FAILED (3)" in line for line in lines)
    assert (tmp_path / "good.log").read_text(encoding="utf-8") == "fine\n"


def test_measuring_processes_get_one_thread_and_the_project(monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "8")
    monkeypatch.setenv("PYTHONPATH", "elsewhere")
    variables = environment()
    assert {name: variables[name] for name in ONE_THREAD} == dict(ONE_THREAD)
    assert variables["PYTHONPATH"].split(":") == [str(ROOT), "elsewhere"]
