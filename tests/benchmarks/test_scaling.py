"""Growth with the size of the corpus."""

from __future__ import annotations

import json
import logging
import sys
from types import SimpleNamespace

import pytest
from absl import logging as absl_logging

from benchmarks import scaling
from benchmarks.peers.peer import DevScore, TrainedPeer
from benchmarks.systems import choose_systems
from components.common.errors import NerError


def test_every_size_trains_all_epochs_with_the_same_vocabulary(corpus_folder, tmp_path):
    [ours] = choose_systems(["ours"], "transformer", [])
    commands = scaling.scaling_commands(corpus_folder, [1, 4], 2, ours, tmp_path)
    assert list(commands) == ["tiny.ours_transformer.x1", "tiny.ours_transformer.x4"]
    one, four = (json.loads(command[3]) for command in commands.values())
    assert (one["factor"], four["factor"]) == (1, 4)
    assert four["settings"]["trainer"]["epochs"] == four["settings"]["trainer"]["patience"] == 2
    assert four["settings"]["transform"]["min_count"] == 4 * one["settings"]["transform"]["min_count"]


def test_one_epoch_is_too_few(corpus_folder, tmp_path):
    [ours] = choose_systems(["ours"], "transformer", [])
    with pytest.raises(NerError, match="--epochs 1: the first epoch traces"):
        scaling.scaling_commands(corpus_folder, [1], 1, ours, tmp_path)


class CountingPeer:
    """Takes a CPU second a sentence, and ten to trace the graph."""

    def __init__(self, **settings):
        pass

    def train(self, train, dev, seed, language):
        scores = tuple(DevScore(10.0 + len(train) * epoch, epoch, 0.5) for epoch in (1, 2, 3))
        return TrainedPeer(None, scores, 3.0, 99.0, {"data_wait": 0.02})

    def prepare(self, train, dev, folder):
        pass


def test_a_run_repeats_the_corpus_and_leaves_tracing_out(corpus_folder, tmp_path, monkeypatch):
    monkeypatch.setattr(scaling, "OurPeer", CountingPeer)
    monkeypatch.setattr(scaling, "graph_speed", lambda prepared, texts: {"graph": len(texts)})
    records = []
    for factor in (1, 4):
        run = {"name": "x", "folder": str(corpus_folder), "factor": factor, "system": "ours", "settings": {}}
        scaling.train_scaled(run, tmp_path)
        records.append(json.loads((tmp_path / "x.json").read_text(encoding="utf-8")))
    one, four = records
    assert (four["sentences"], four["tokens"], four["data_wait"]) == (8, 28, 0.02)
    assert four["epoch_cpu_seconds"] == pytest.approx(8.0)
    assert one["graph"] == 2  # measured on the single corpus
    assert "graph" not in four


def test_a_made_up_corpus_has_its_size_in_a_file_for_each_split(tmp_path, monkeypatch):
    monkeypatch.setattr(scaling, "_MADE_UP_WORDS", 50)
    tokens = scaling.write_made_up_corpus(tmp_path / "made", 700, 9)
    texts = {path.name: path.read_text(encoding="utf-8") for path in sorted((tmp_path / "made").iterdir())}
    counts = {name: text.count("\n\n") for name, text in texts.items()}
    assert counts == {"dev.conll": 200, "test.conll": 200, "train.conll": 700}
    rows = [line.split(" ") for line in texts["train.conll"].splitlines() if line]
    assert len(rows) == tokens
    assert {tag for _, tag in rows} == {"O", "B-PER", "I-PER", "B-LOC", "B-ORG", "I-ORG"}


def test_nodes_are_measured_between_their_log_lines(tmp_path):
    lines = ("Component Trainer is running.", "Using 2 threads", "Component Trainer is finished.")
    [node] = _meter(tmp_path, *lines).nodes
    assert node["node"] == "Trainer"
    assert 0 <= node["cpu_seconds"] < 5
    assert 0 < node["start_rss_mb"] <= node["peak_rss_mb"]
    assert "resumed" not in node


def test_measurement_goes_on_after_an_interruption(tmp_path):
    data = [f"Component CorpusExampleGen is {event}." for event in ("running", "finished")]
    training = [f"Component Trainer is {event}." for event in ("running", "finished")]
    [first] = _meter(tmp_path, *data, training[0]).nodes
    again = _meter(tmp_path, *data, *training).nodes
    assert again[0] == first, "a cached node has the figures of its execution"
    assert [(row["node"], row.get("resumed")) for row in again] == [("CorpusExampleGen", None), ("Trainer", True)]


def test_interrupted_measurement_begins_again_with_other_settings(tmp_path, monkeypatch):
    goes_on = []

    def run_locally(config):
        goes_on.append((tmp_path / "work" / "nodes.jsonl").exists())
        absl_logging.info("Component Trainer is running.")
        raise KeyboardInterrupt

    monkeypatch.setattr(scaling, "_MADE_UP_WORDS", 50)
    monkeypatch.setitem(sys.modules, "pipeline.local_run", SimpleNamespace(run_locally=run_locally))
    for settings in ([], [], ["trainer.seed=1"]):
        run = {"sentences": 10, "most_words": 9, "work": str(tmp_path / "work"), "settings": settings}
        with pytest.raises(KeyboardInterrupt):
            scaling.run_nodes(run, tmp_path)
    assert goes_on == [False, True, False]


def _meter(folder, *lines):
    meter = scaling.NodeMeter(folder / "nodes.jsonl")
    logger = logging.Logger("tfx")
    logger.addHandler(meter)
    for line in lines:
        logger.info(line)
    return meter
