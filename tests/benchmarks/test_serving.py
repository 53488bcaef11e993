"""Serving cost of several systems on one core."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from benchmarks.accuracy import Run
from benchmarks.serving import Candidate, candidates, last_core, measure, over_rounds
from benchmarks.systems import choose_systems
from components.common.errors import NerError

TAGGER = """
import os, time
class Tagger:
    def __init__(self, folder):
        self.seconds = float((folder / "seconds.txt").read_text())
        print("standard output of libraries is not an answer")
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
def candidate(tmp_path, monkeypatch):
    """Function that returns a model whose every call costs some CPU seconds."""
    (tmp_path / "busy_tagger.py").write_text(TAGGER, encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))

    def make(name, seconds):
        folder = tmp_path / name
        folder.mkdir()
        (folder / "seconds.txt").write_text(str(seconds), encoding="utf-8")
        return Candidate(name, sys.executable, "busy_tagger:Tagger", folder)

    return make


def test_systems_are_measured_in_rounds_on_one_core(candidate, tmp_path):
    lines = []
    systems = [candidate("fast", 0.001), candidate("slow", 0.004)]
    rows = measure(systems, ["a b"] * 40, 2, last_core(), logs=tmp_path, show=lines.append)
    fast, slow = rows
    assert [row["system"] for row in rows] == ["fast", "slow"]
    assert 1.0 <= fast["single_cpu_p50_ms"] < 4.0 <= slow["single_cpu_p50_ms"]
    assert slow["single_cpu_p50_ms_min"] <= slow["single_cpu_p50_ms"] <= slow["single_cpu_p50_ms_max"]
    # 40 sentences are two batches, and a batch costs as much as a single sentence.
    assert fast["batch_tokens_per_cpu_second"] == pytest.approx(80 / 0.002, rel=0.5)
    assert sum(line.startswith("[") for line in lines) == 2


def test_a_worker_that_fails_is_named_with_its_log(candidate, tmp_path):
    with pytest.raises(NerError, match=r"odd: the worker ended .*serving-odd\.log"):
        measure([candidate("odd", "soon")], ["a"], 1, last_core(), logs=tmp_path, show=lambda _: None)
    assert "could not convert" in (tmp_path / "serving-odd.log").read_text(encoding="utf-8")


def test_ours_is_asked_for_tags_alone_and_for_everything(tmp_path):
    systems = choose_systems(["crf", "ours"], "transformer", [])
    runs = [Run(system, "corpora/tiny", 0, str(tmp_path)) for system in systems]
    crf, tags, everything = candidates(runs, Path("peers/python"))
    assert (crf.name, crf.python) == ("crf", "peers/python")
    assert (tags.name, everything.name) == ("ours_transformer", "ours_transformer_all")
    assert tags.target.endswith(":TagsOnlyTagger")
    assert tags.model == everything.model == runs[1].model_folder


def test_rounds_become_median_and_range():
    assert over_rounds([{"x": 3.0}, {"x": 1.0}, {"x": 9.0}]) == {"x": 3.0, "x_min": 1.0, "x_max": 9.0}
    assert last_core() in os.sched_getaffinity(0)
