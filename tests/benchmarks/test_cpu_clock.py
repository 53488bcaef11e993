from __future__ import annotations

import time

from benchmarks.cpu_clock import CpuClock, peak_rss_mb


def test_sleep_costs_wall_seconds_and_no_cpu_seconds():
    clock = CpuClock()
    time.sleep(0.2)
    assert clock.wall_seconds >= 0.2
    assert clock.cpu_seconds < 0.1


def test_work_costs_cpu_seconds():
    clock = CpuClock()
    while clock.cpu_seconds < 0.05:
        sum(range(1000))
    assert clock.wall_seconds >= 0.04


def test_peak_memory_counts_what_was_held_in_megabytes():
    before = peak_rss_mb()
    held = bytearray(b"x") * 300_000_000
    assert peak_rss_mb() > 300
    assert peak_rss_mb() >= before
    del held
