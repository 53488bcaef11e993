from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from benchmarks import accuracy_run
from benchmarks.accuracy_task import make_task
from benchmarks.corpus import load_corpus
from benchmarks.peers.peer import DevScore, TrainedPeer
from benchmarks.result_store import ResultStore
from benchmarks.systems import PEERS

NOTE = "tags.txt"


class NoteTagger:
    """Tags every token as a file says."""

    def __init__(self, note):
        self.note = note

    def tag(self, sentences):
        return [[self.note] * len(sentence.split()) for sentence in sentences]

    def save(self, folder: Path):
        (folder / NOTE).write_text("B-LOC", encoding="utf-8")


class NotePeer:
    """Learns nothing; what it saves is better than what it holds in memory."""

    def __init__(self, **settings):
        self.settings = settings

    def train(self, train, dev, seed, language):
        scores = (DevScore(1.0, 1.0, 0.2), DevScore(2.0, 2.0, 0.6), DevScore(3.0, 3.0, 0.6))
        return TrainedPeer(NoteTagger("O"), scores, 3.0, 4.0, {"transform_cpu_seconds": 9.0})

    @staticmethod
    def load(folder):
        return NoteTagger((folder / NOTE).read_text(encoding="utf-8"))


@dataclasses.dataclass(frozen=True)
class NoteSystem:
    packages: tuple[str, ...] = ("numpy",)

    def peer_class(self):
        return NotePeer


@pytest.fixture
def stored(corpus_folder, tmp_path, monkeypatch):
    """The record of a run, and its task."""
    monkeypatch.setattr(accuracy_run, "find_system", lambda name: NoteSystem())
    task = make_task(PEERS["crf"], load_corpus(corpus_folder), corpus_folder, 0, tmp_path / "models")
    accuracy_run.run(task, ResultStore(tmp_path / "results"))
    return ResultStore(tmp_path / "results").get(task.name, task.fingerprint), task


def test_the_model_on_disk_is_what_is_scored(stored):
    record, task = stored
    assert record["test"]["per_type"]["LOC"]["recall"] == 1.0  # every token is B-LOC, so both places are found
    assert record["test"]["recall"] == pytest.approx(2 / 3)
    assert (task.model_folder / NOTE).exists()
    assert record["model_mb"] == pytest.approx(5e-6)


def test_cost_of_training_is_kept(stored):
    training = stored[0]["training"]
    assert training["cpu_seconds_to_best_dev"] == 2.0  # the first of the best
    assert training["tokens"] == 7
    assert training["tokens_per_cpu_second"] == pytest.approx(3 * 7 / 4.0)
    assert training["transform_cpu_seconds"] == 9.0
    assert training["dev_scores"][0] == {"cpu_seconds": 1.0, "passes": 1.0, "f1": 0.2}
    assert training["peak_rss_mb"] > 10


def test_record_says_on_what_and_with_what_and_names_no_machine(stored):
    record, task = stored
    assert record["settings"] == task.settings
    assert record["packages"].keys() == {"numpy"}
    assert record["machine"].keys() == {"cpu", "cores", "python"}
    assert task.folder not in str(record)


def test_a_second_run_replaces_the_model(stored, tmp_path):
    _, task = stored
    (task.model_folder / "old").touch()
    accuracy_run.run(task, ResultStore(tmp_path / "results"))
    assert not (task.model_folder / "old").exists()
