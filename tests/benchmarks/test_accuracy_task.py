from __future__ import annotations

import dataclasses

import pytest

from benchmarks.accuracy_task import AccuracyTask, language_of, make_task
from benchmarks.corpus import load_corpus
from benchmarks.systems import PEERS


@pytest.fixture
def make(corpus_folder, tmp_path):
    def task(system=PEERS["crf"], seed=0):
        return make_task(system, load_corpus(corpus_folder), corpus_folder, seed, tmp_path / "models")

    return task


def test_task_survives_the_way_to_another_process(make):
    assert AccuracyTask.from_json(make().to_json()) == make()


def test_result_and_model_have_names_of_their_own(make):
    assert make(seed=2).name == "tiny.crf.seed2"
    assert make().model_folder.name == f"tiny.crf.seed0.{make().fingerprint}"


def test_seed_settings_system_and_data_change_the_fingerprint(make, corpus_folder):
    other_settings = dataclasses.replace(PEERS["crf"], settings={**PEERS["crf"].settings, "c1": 0.7})
    found = [make(), make(seed=1), make(other_settings), make(PEERS["crf_plus"])]
    (corpus_folder / "dev.conll").write_text("Oslo\tB-LOC\n\n", encoding="utf-8")
    found.append(make())
    assert len({task.fingerprint for task in found}) == len(found)


@pytest.mark.parametrize(
    ("corpus", "language"),
    [("uner_sv_talbanken", "sv"), ("uner_en_ewt", "en"), ("btc", "en"), ("wnut17", "en"), ("germeval-DE", "de")],
)
def test_language_is_read_from_the_folders_name(corpus, language):
    assert language_of(corpus) == language
