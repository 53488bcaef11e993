"""Accuracy by size of the train split."""

from __future__ import annotations

import json

from benchmarks import sizes
from benchmarks.peers.peer import DevScore, TrainedPeer
from benchmarks.systems import System, choose_systems


class OutsideOnly:
    """Tags every token `O`."""

    def __init__(self, **settings):
        pass

    def train(self, train, dev, seed, language):
        return TrainedPeer(self, (DevScore(1.0, 1, 0.0),), 1.0, 1.0)

    def tag(self, sentences):
        return [["O"] * len(sentence.split()) for sentence in sentences]

    def save(self, folder):
        (folder / "model").write_bytes(bytes(3000))


def test_a_deterministic_system_has_seeds_for_parts_only_and_results_are_not_repeated(corpus_folder, tmp_path):
    (tmp_path / "tiny.crf_plus.n1.seed4.json").touch()
    systems = choose_systems(["crf_plus", "ours"], "cnn_linear", [])
    commands = sizes.size_commands([corpus_folder], systems, [1, 0], [4, 5], tmp_path, tmp_path)
    assert [(name.removeprefix("tiny."), json.loads(command[3])["seeds"]) for name, command in commands.items()] == [
        ("crf_plus.n1", [5]), ("ours_cnn_linear.n1", [4, 5]), ("crf_plus.nall", [4]), ("ours_cnn_linear.nall", [4, 5]),
    ]  # fmt: skip
    again = sizes.size_commands([corpus_folder], systems[:1], [1], [4, 5], tmp_path, tmp_path, force=True)
    assert [json.loads(command[3])["seeds"] for command in again.values()] == [[4, 5]]


def test_each_seed_trains_on_another_part(corpus_folder, tmp_path):
    system = System("zero", f"{__name__}:OutsideOnly", {}, (), seeded=True)
    run = {"name": "x", "folder": str(corpus_folder), "sentences": 1, "seeds": [0, 1], "system": vars(system)}
    sizes.train_on_parts(run, tmp_path)
    records = [json.loads((tmp_path / f"x.seed{seed}.json").read_text(encoding="utf-8")) for seed in (0, 1)]
    assert [(one["seed"], one["sentences"], one["test_f1"]) for one in records] == [(0, 1, 0.0), (1, 1, 0.0)]
    assert records[0]["model_mb"] == 0.003
    sentences = [str(number) for number in range(50)]
    assert len({tuple(sizes.part_of(sentences, 20, seed)) for seed in range(3)}) == 3
    assert sizes.part_of(sentences, 50, 1) == sentences
