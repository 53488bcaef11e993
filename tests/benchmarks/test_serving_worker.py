"""Process that times one tagger."""

from __future__ import annotations

import io
import json
import time

import pytest

from benchmarks.serving_worker import Times, batch_figures, percentile, serve, single_figures, time_calls

TAGGER = """
class Echo:
    def tag(self, sentences):
        return [["O"] * len(sentence.split()) for sentence in sentences]
    @staticmethod
    def load(folder):
        return Echo()
"""


def test_each_command_is_answered_with_its_figures(tmp_path, monkeypatch):
    (tmp_path / "echo_tagger.py").write_text(TAGGER, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)

    def ask(commands):
        out = io.StringIO()
        serve("echo_tagger:Echo", tmp_path, ["a b", "c"] * 40, io.StringIO(commands), out)
        return [json.loads(line) for line in out.getvalue().splitlines()]

    ready, single, batch = ask("single\nbatch\nquit\nsingle\n")
    assert ready.keys() == {"load_cpu_seconds", "peak_rss_mb"}
    assert single["single_cpu_p50_ms"] > 0
    assert batch["batch_tokens_per_cpu_second"] > 0
    with pytest.raises(ValueError, match="unknown command 'stop'"):
        ask("stop\n")


def test_sentences_are_sent_in_batches_in_order():
    requests = []
    times = time_calls(requests.append, ["a b", "c", "d e f"], 2)
    assert requests == [["a b", "c"], ["d e f"]]
    assert times.tokens == 6
    assert len(times.cpu) == len(times.wall) == 2
    waiting = time_calls(lambda _: time.sleep(0.05), ["a"], 1)
    assert waiting.cpu[0] < 0.03 < waiting.wall[0]


def test_figures_of_single_calls_and_of_batches():
    cases = ((0.5, 3), (0.99, 5), (0.2, 1), (0.21, 2), (0.0, 1), (1.0, 5))
    assert [percentile([5, 1, 4, 2, 3], share) for share, _ in cases] == [value for _, value in cases]
    times = Times(cpu=[0.001, 0.003], wall=[0.002, 0.008], tokens=40)
    single = single_figures(times)
    assert single["single_cpu_p50_ms"] == pytest.approx(1.0)
    assert single["single_wall_p99_ms"] == pytest.approx(8.0)
    assert single["single_tokens_per_cpu_second"] == pytest.approx(10_000)
    assert batch_figures(times) == {
        "batch_tokens_per_cpu_second": pytest.approx(10_000), "batch_tokens_per_second": pytest.approx(4_000),
    }  # fmt: skip
