from __future__ import annotations

import os
import sys

import pytest

from benchmarks.serving import last_core, measure, sample, serving_record
from components.common.errors import NerError

TAGGER = """
import os, time
class Tagger:
    def __init__(self, folder):
        self.seconds = float((folder / "seconds.txt").read_text())
        print("what libraries print does not disturb")
    def tag(self, sentences):
        assert len(os.sched_getaffinity(0)) == 1
        end = time.process_time() + self.seconds
        while time.process_time() < end:
            pass
    @staticmethod
    def load(folder):
        return Tagger(folder)
"""


@pytest.fixture
def system(tmp_path, monkeypatch):
    """Makes a system whose every call costs so many CPU seconds."""
    (tmp_path / "busy_tagger.py").write_text(TAGGER, encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))

    def make(seconds):
        folder = tmp_path / f"model-{seconds}"
        folder.mkdir()
        (folder / "seconds.txt").write_text(str(seconds), encoding="utf-8")
        return sys.executable, "busy_tagger:Tagger", folder

    return make


def test_systems_are_measured_in_rounds_on_one_core(system, tmp_path):
    shown = []
    systems = {"fast": system(0.001), "slow": system(0.004)}
    rows = measure(systems, ["a b"] * 40, 2, last_core(), tmp_path, shown.append)
    fast, slow = rows
    assert [row["system"] for row in rows] == ["fast", "slow"]
    assert 1.0 <= fast["single_cpu_p50_ms"] < 4.0 <= slow["single_cpu_p50_ms"]
    assert slow["single_cpu_p50_ms_min"] <= slow["single_cpu_p50_ms"] <= slow["single_cpu_p50_ms_max"]
    # 40 sentences are two batches, and a batch costs as much as a single sentence here.
    assert fast["batch_tokens_per_cpu_second"] == pytest.approx(80 / 0.002, rel=0.5)
    assert sum(line.startswith("[") for line in shown) == 2


def test_a_worker_that_fails_is_named_with_its_log(system, tmp_path):
    python, target, folder = system(0.001)
    (folder / "seconds.txt").write_text("soon", encoding="utf-8")
    with pytest.raises(NerError, match=r"worker of odd ended .*serving-odd\.log"):
        measure({"odd": (python, target, folder)}, ["a"], 1, last_core(), tmp_path, lambda _: None)
    assert "could not convert" in (tmp_path / "serving-odd.log").read_text(encoding="utf-8")


def test_sample_is_always_the_same_and_never_larger_than_the_split():
    sentences = [str(i) for i in range(100)]
    assert sample(sentences, 10) == sample(sentences, 10)
    assert len(set(sample(sentences, 10))) == 10
    assert sample(sentences, 1000) == sentences


def test_core_is_one_that_may_be_used():
    assert last_core() in os.sched_getaffinity(0)


def test_record_counts_what_was_sent():
    record = serving_record("tiny", [{"system": "crf"}], ["a b", "c"], 3)
    assert (record["sentences"], record["tokens"], record["rounds"]) == (2, 3, 3)
