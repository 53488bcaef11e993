from __future__ import annotations

import pytest

from benchmarks import scaling_run
from benchmarks.peers.peer import DevScore, TrainedPeer
from benchmarks.result_store import ResultStore


class CountingPeer:
    """Takes a CPU second a sentence, and ten for the first epoch's tracing."""

    def __init__(self, **settings):
        pass

    def train(self, train, dev, seed, language):
        scores = tuple(DevScore(10.0 + len(train) * epoch, epoch, 0.5) for epoch in (1, 2, 3))
        return TrainedPeer(None, scores, 3.0, 99.0, {"data_wait": 0.02})

    def prepare(self, train, dev):
        return None


@pytest.fixture
def stored(corpus_folder, tmp_path, monkeypatch):
    monkeypatch.setattr(scaling_run, "OurPeer", CountingPeer)
    monkeypatch.setattr(scaling_run, "graph_speed", lambda prepared, texts: {"graph": len(texts)})

    def run(factor):
        task = {"name": f"x{factor}", "fingerprint": "f", "folder": str(corpus_folder), "factor": factor}
        store = ResultStore(tmp_path / "results")
        scaling_run.run({**task, "system": "ours", "settings": {}}, store)
        return store.get(f"x{factor}", "f")

    return run


def test_corpus_is_taken_several_times_and_tracing_left_out(stored):
    record = stored(4)
    assert record["sentences"] == 8
    assert record["tokens"] == 28
    assert record["epoch_cpu_seconds"] == pytest.approx(8.0)
    assert record["data_wait"] == 0.02
    assert "graph" not in record


def test_transform_graph_is_measured_on_the_corpus_itself(stored):
    assert stored(1)["graph"] == 2
