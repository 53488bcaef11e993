"""Runs of the accuracy table."""

from __future__ import annotations

import dataclasses
import json
import sys
from pathlib import Path

import pytest

from benchmarks.accuracy import Run, language_of, plan_runs, run_commands, train_and_score
from benchmarks.peers.peer import DevScore, TrainedPeer
from benchmarks.systems import PEERS, choose_systems
from components.common.errors import NerError

NOTE = "tags.txt"


@pytest.fixture
def runs(corpus_folder, tmp_path):
    systems = choose_systems(["crf", "bilstm", "ours"], "transformer", [])
    return plan_runs([corpus_folder], systems, (0, 1), tmp_path / "models")


def test_a_deterministic_system_runs_once(runs):
    names = [run.name.removeprefix("tiny.") for run in runs]
    assert names == ["crf.seed0", "bilstm.seed0", "bilstm.seed1", "ours_transformer.seed0", "ours_transformer.seed1"]


def test_a_command_holds_the_whole_run(runs, tmp_path):
    command = run_commands(runs[:1], tmp_path, Path(sys.executable))["tiny.crf.seed0"]
    assert command[:3] == [sys.executable, "-m", "benchmarks.accuracy"]
    run = Run.of(json.loads(command[3]))
    assert run.name == runs[0].name
    assert json.dumps(dataclasses.asdict(run)) == json.dumps(dataclasses.asdict(runs[0]))


def test_only_the_other_systems_need_their_environment(runs, tmp_path):
    missing = tmp_path / "bin" / "python"
    with pytest.raises(NerError, match="make bench-setup"):
        run_commands(runs, tmp_path, missing)
    assert run_commands(runs[3:], tmp_path, missing)["tiny.ours_transformer.seed0"][0] == sys.executable


def test_language_is_read_from_the_name_of_the_folder():
    names = ["uner_sv_talbanken", "uner_en_ewt", "btc", "wnut17", "germeval-DE"]
    assert [language_of(name) for name in names] == ["sv", "en", "en", "en", "de"]


class NoteTagger:
    """Gives every token the same tag."""

    def __init__(self, note):
        self.note = note

    def tag(self, sentences):
        return [[self.note] * len(sentence.split()) for sentence in sentences]

    def save(self, folder):
        (folder / NOTE).write_text("B-LOC", encoding="utf-8")


class NotePeer:
    """Saves another tagger than it returns."""

    def __init__(self, **settings):
        self.settings = settings

    def train(self, train, dev, seed, language):
        scores = (DevScore(1.0, 1.0, 0.2), DevScore(2.0, 2.0, 0.6), DevScore(3.0, 3.0, 0.6))
        return TrainedPeer(NoteTagger("O"), scores, 3.0, 4.0, {"transform_cpu_seconds": 9.0})

    @staticmethod
    def load(folder):
        return NoteTagger((folder / NOTE).read_text(encoding="utf-8"))


def test_a_run_scores_the_model_on_disk_and_records_its_cost(corpus_folder, tmp_path, monkeypatch):
    monkeypatch.setattr(sys.modules["benchmarks.systems"].System, "peer_class", lambda self: NotePeer)
    system = dataclasses.replace(PEERS["crf"], packages=("numpy",))
    run = Run(system, str(corpus_folder), 0, str(tmp_path / "models"))
    run.model_folder.mkdir(parents=True)
    (run.model_folder / "old").touch()
    train_and_score(run, tmp_path)
    record = json.loads((tmp_path / "tiny.crf.seed0.json").read_text(encoding="utf-8"))
    assert record["test"]["per_type"]["LOC"]["recall"] == 1.0  # every token is B-LOC
    assert record["test"]["recall"] == pytest.approx(2 / 3)
    assert [file.name for file in run.model_folder.iterdir()] == [NOTE]
    assert record["model_mb"] == pytest.approx(5e-6)
    training = record["training"]
    assert training["cpu_seconds_to_best_dev"] == 2.0  # the first of the best
    assert training["tokens_per_cpu_second"] == pytest.approx(3 * 7 / 4.0)
    assert (training["tokens"], training["transform_cpu_seconds"]) == (7, 9.0)
    assert training["dev_scores"][0] == {"cpu_seconds": 1.0, "passes": 1.0, "f1": 0.2}
    assert record["settings"] == dict(system.settings)
    assert record["packages"].keys() == {"numpy"}
    assert record["machine"].keys() == {"cpu", "cores", "python"}
    assert str(corpus_folder) not in str(record)
