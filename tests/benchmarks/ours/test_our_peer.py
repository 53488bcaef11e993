"""Our tagger with the pipeline's functions on a tiny corpus: transform, train, export, serve."""

from __future__ import annotations

import json
import sys

import pytest
from support import processes

from benchmarks.machine import ROOT, environment
from benchmarks.systems import choose_systems

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

# A separate process, so that the C library of a model is not loaded into that of the tests.
PROGRAM = """
import json, pathlib, random, sys
from benchmarks.corpus import LabelledSentence
from benchmarks.ours.graph_speed import graph_speed
from benchmarks.ours.our_peer import OurPeer
from benchmarks.ours.taggers import TagsOnlyTagger

settings, folder = json.loads(sys.argv[1]), pathlib.Path(sys.argv[2])
rng = random.Random(0)
sentences = []
for _ in range(300):
    name, place = rng.choice(["Ada", "Alan", "Grace"]), rng.choice([["Rome"], ["New", "York"]])
    tags = ["B-PER", "O", "O", "B-LOC", *["I-LOC"] * (len(place) - 1)]
    sentences.append(LabelledSentence((name, "went", "to", *place), tuple(tags)))
peer = OurPeer(**settings)
trained = peer.train(sentences[:250], sentences[250:], 0, "en")
(folder / "model").mkdir()
trained.tagger.save(folder / "model")
peer.prepare(sentences[:250], sentences[250:], folder / "prepared")
texts = ["Ada went to New York.", "", "Grace  went to Rome"]
print("REPORT", json.dumps({
    "tags": OurPeer.load(folder / "model").tag(texts),
    "tags_only": TagsOnlyTagger.load(folder / "model").tag(texts),
    "dev": [list(score) for score in trained.dev_scores],
    "cpu": trained.cpu_seconds,
    "extra": dict(trained.extra),
    "graph": graph_speed(folder / "prepared", texts),
}))
"""


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    changes = [
        "ours.trainer.epochs=12",
        "ours.trainer.epoch_steps=0",
        "ours.trainer.learning_rate=0.01",
        "ours.trainer.averaging=0.5",
    ]
    [system] = choose_systems(["ours"], "transformer", [*changes, "ours.trainer.batch_size=16"])
    folder = tmp_path_factory.mktemp("ours")
    command = [sys.executable, "-c", PROGRAM, json.dumps(dict(system.settings)), str(folder)]
    result = processes.run(command, cwd=ROOT, env=environment(), capture_output=True, text=True)
    assert result.returncode == 0, result.stdout[-2000:] + result.stderr[-3000:]
    [line] = [line for line in result.stdout.splitlines() if line.startswith("REPORT")]
    return json.loads(line.removeprefix("REPORT "))


def test_served_model_has_learned_the_corpus(report):
    assert report["tags"] == [["B-PER", "O", "O", "B-LOC", "I-LOC"], [], ["B-PER", "O", "O", "B-LOC"]]


def test_tags_alone_are_those_of_the_model_s_own_tokens(report):
    assert [len(tags) for tags in report["tags_only"]] == [6, 0, 4]  # the full stop is a separate token
    assert report["tags_only"][2] == report["tags"][2]


def test_every_epoch_has_its_cpu_seconds_and_its_dev_score(report):
    seconds = [row[0] for row in report["dev"]]
    assert seconds == sorted(seconds)
    assert seconds[-1] <= report["cpu"]
    assert max(row[2] for row in report["dev"]) > 0.9


def test_transform_and_export_are_counted_separately(report):
    assert report["extra"].keys() >= {"transform_cpu_seconds", "export_cpu_seconds", "train_process_peak_rss_mb"}
    assert all(value > 0 for name, value in report["extra"].items() if name != "data_wait")
    assert 0 <= report["extra"]["data_wait"] < 1


def test_the_transform_graph_is_timed_alone(report):
    assert sorted(report["graph"]) == sorted(f"graph_batch{size}_sentences_per_cpu_second" for size in (1, 32, 512))
    assert all(rate > 0 for rate in report["graph"].values())
