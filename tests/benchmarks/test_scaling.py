from __future__ import annotations

import json

import pytest

from benchmarks.chosen_systems import chosen_systems
from benchmarks.result_store import ResultStore
from benchmarks.scaling import scaling_jobs
from components.common.errors import NerError


@pytest.fixture
def jobs(corpus_folder, tmp_path):
    [ours] = chosen_systems(["ours"], "transformer", [])
    store = ResultStore(tmp_path)
    return lambda factors, epochs=2: scaling_jobs(corpus_folder, factors, epochs, ours, store, tmp_path)


def test_a_run_for_each_size_that_trains_all_epochs(jobs):
    found = jobs([1, 4])
    assert [job.name for job in found] == ["tiny.ours_transformer.x1", "tiny.ours_transformer.x4"]
    task = json.loads(found[1].command[3])
    assert task["factor"] == 4
    assert task["settings"]["trainer"]["epochs"] == task["settings"]["trainer"]["patience"] == 2


def test_sizes_that_have_a_result_are_left_out(jobs, tmp_path):
    task = json.loads(jobs([1])[0].command[3])
    ResultStore(tmp_path).put(task["name"], {"fingerprint": task["fingerprint"]})
    assert [job.name for job in jobs([1, 2])] == ["tiny.ours_transformer.x2"]
    assert len(jobs([1, 2], epochs=3)) == 2


def test_repetition_makes_no_rare_word_known(jobs):
    counts = [json.loads(job.command[3])["settings"]["transform"]["min_count"] for job in jobs([1, 2, 16])]
    assert counts == [counts[0], 2 * counts[0], 16 * counts[0]]


def test_one_epoch_is_too_few(jobs):
    with pytest.raises(NerError, match="--epochs 1: must be 2 at least"):
        jobs([1], epochs=1)
