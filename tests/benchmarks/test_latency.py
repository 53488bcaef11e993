from __future__ import annotations

import time

import pytest

from benchmarks.latency import Times, batch_figures, over_rounds, percentile, single_figures, time_calls


@pytest.mark.parametrize(("share", "value"), [(0.5, 3), (0.99, 5), (0.2, 1), (0.21, 2), (0.0, 1), (1.0, 5)])
def test_percentile_is_one_of_the_values(share, value):
    assert percentile([5, 1, 4, 2, 3], share) == value


def test_sentences_are_sent_in_batches_in_order():
    requests = []
    times = time_calls(requests.append, ["a b", "c", "d e f"], 2)
    assert requests == [["a b", "c"], ["d e f"]]
    assert times.tokens == 6
    assert len(times.cpu) == len(times.wall) == 2


def test_waiting_costs_wall_and_no_cpu():
    times = time_calls(lambda _: time.sleep(0.05), ["a"], 1)
    assert times.wall[0] >= 0.05
    assert times.cpu[0] < 0.03


def test_figures_of_single_calls_and_of_batches():
    times = Times(cpu=[0.001, 0.003], wall=[0.002, 0.008], tokens=40)
    single = single_figures(times)
    assert single["single_cpu_p50_ms"] == pytest.approx(1.0)
    assert single["single_cpu_p99_ms"] == pytest.approx(3.0)
    assert single["single_wall_p99_ms"] == pytest.approx(8.0)
    assert single["single_tokens_per_cpu_second"] == pytest.approx(10_000)
    assert batch_figures(times) == {
        "batch_tokens_per_cpu_second": pytest.approx(10_000), "batch_tokens_per_second": pytest.approx(4_000),
    }  # fmt: skip


def test_rounds_become_median_and_range():
    assert over_rounds([{"x": 3.0}, {"x": 1.0}, {"x": 9.0}]) == {"x": 3.0, "x_min": 1.0, "x_max": 9.0}
