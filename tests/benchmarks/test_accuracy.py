from __future__ import annotations

import sys
from pathlib import Path

import pytest

from benchmarks.accuracy import AccuracyPlan, missing_models, open_jobs, served
from benchmarks.accuracy_task import AccuracyTask
from benchmarks.chosen_systems import chosen_systems
from benchmarks.result_store import ResultStore
from components.common.errors import NerError

PYTHON = Path(sys.executable)


@pytest.fixture
def tasks(corpus_folder, tmp_path):
    systems = tuple(chosen_systems(["crf", "bilstm", "ours"], "transformer", []))
    return AccuracyPlan((corpus_folder,), systems, (0, 1), tmp_path / "models").tasks()


def test_a_deterministic_system_is_run_once(tasks):
    names = [task.name.removeprefix("tiny.") for task in tasks]
    assert names == ["crf.seed0", "bilstm.seed0", "bilstm.seed1", "ours_transformer.seed0", "ours_transformer.seed1"]


def test_what_has_a_result_is_not_run_again(tasks, tmp_path):
    store = ResultStore(tmp_path)
    store.put(tasks[0].name, {"fingerprint": tasks[0].fingerprint})
    store.put(tasks[1].name, {"fingerprint": "of other code"})
    jobs = open_jobs(tasks, store, tmp_path, PYTHON)
    assert [job.name for job in jobs] == [task.name for task in tasks[1:]]


def test_a_job_tells_its_process_the_whole_task(tasks, tmp_path):
    job = open_jobs(tasks[:1], ResultStore(tmp_path), tmp_path, PYTHON)[0]
    assert job.command[1:3] == ["-m", "benchmarks.accuracy_run"]
    assert AccuracyTask.from_json(job.command[3]) == tasks[0]


def test_peers_environment_must_be_there_for_peers_only(tasks, tmp_path):
    nowhere = tmp_path / "bin" / "python"
    with pytest.raises(NerError, match="make bench-setup"):
        open_jobs(tasks, ResultStore(tmp_path), tmp_path, nowhere)
    assert open_jobs(tasks[3:], ResultStore(tmp_path), tmp_path, nowhere)[0].command[0] == sys.executable


def test_a_model_that_is_gone_is_trained_again(tasks, tmp_path):
    tasks[0].model_folder.mkdir(parents=True)
    assert [job.name for job in missing_models(tasks[:2], tmp_path, PYTHON)] == [tasks[1].name]


def test_ours_is_served_with_tags_alone_and_with_everything(tasks):
    found = served([tasks[0], tasks[3]], PYTHON)
    assert list(found) == ["crf", "ours_transformer", "ours_article_all"]
    assert found["ours_transformer"][1].endswith(":TagsOnlyTagger")
    assert found["ours_transformer"][2] == found["ours_article_all"][2] == tasks[3].model_folder
