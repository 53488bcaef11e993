from __future__ import annotations

import dataclasses

import pytest

from components.registry.model_registry import ModelRegistry
from components.registry.store.pipeline_runs import FAILED, INTERRUPTED, PUSHED, REFUSED
from components.registry.store.version import DataSplit, VersionRecord

EPOCHS = ({"loss": 2.0, "learning_rate": 0.002, "mfu": None}, {"loss": 1.0, "learning_rate": 0.0})


def record(pipeline_run: str, **fields) -> VersionRecord:
    return VersionRecord(tags={"run_id": pipeline_run, "run_fingerprint": "5f1c"}, **fields)


@pytest.fixture
def runs(registry):
    return registry.pipeline_runs("ner")


def stored(registry: ModelRegistry) -> list:
    with registry.client() as client:
        (experiment,) = [each for each in client.search_experiments() if each.name == "ner"]
        return client.search_runs([experiment.experiment_id], order_by=["attributes.start_time"])


def test_a_refused_run_has_settings_curves_data_and_report(registry, runs, tmp_path):
    page = tmp_path / "report.html"
    page.write_text("<html>")
    runs.begin(record("run 1", params={"trainer.epochs": "2"}), "key", [])
    assert [run.info.status for run in stored(registry)] == ["RUNNING"]
    data = tuple(DataSplit(name, 600, "5" * 64, "/corpus") for name in ("train", "eval"))
    types = {"PER": {"f1": 0.5}}
    produced = record(
        "run 1",
        params={"trainer.epochs": "2", "training.epochs": "1"},
        metrics={"entity_f1": 0.75},
        metrics_by_type=types,
        metrics_by_slice={"source=a": {"f1": float("nan"), "recall": 0.25}},
        epochs=EPOCHS,
        data=data,
        files=(page,),
    )
    for _ in range(2):
        runs.end(produced, REFUSED, "entity_f1 is too low")
    (run,) = stored(registry)
    assert (run.info.run_name, run.info.status) == ("run 1", "FINISHED")
    assert run.data.params == {"trainer.epochs": "2", "training.epochs": "1"}
    assert run.data.metrics == {
        "entity_f1": 0.75,
        "f1_by_type/PER": 0.5,
        "recall_by_slice/source: a": 0.25,
        "epoch/train_loss": 1.0,
        "epoch/learning_rate": 0.0,
    }
    assert run.data.tags["mlflow.note.content"] == "refused: entity_f1 is too low"
    assert run.data.tags["mlflow.user"]
    assert [(each.dataset.name, each.tags[0].value, each.dataset.digest) for each in run.inputs.dataset_inputs] == [
        (name, name, "5" * 36) for name in ("train", "eval")
    ]
    with registry.client() as client:
        curve = client.get_metric_history(run.info.run_id, "epoch/train_loss")
        assert [(point.step, point.value) for point in curve] == [(1, 2.0), (2, 1.0)]
        assert [each.path for each in client.list_artifacts(run.info.run_id, "card")] == ["card/report.html"]


def test_on_a_cluster_the_next_run_ends_one_without_a_result_and_the_pusher_has_the_last_word(registry, runs):
    local = {"run_id": "local", "run_fingerprint": "77"}
    runs.begin(VersionRecord(tags=local), "key", [])
    for run_id in ("run 1", "run 1", "run 2"):  # the first one is retried
        runs.begin_on_cluster(record(run_id))
    states = {run.info.run_name: run.info.status for run in stored(registry)}
    assert states == {"local": "RUNNING", "run 1": "FAILED", "run 2": "RUNNING"}
    runs.end(record("run 2"), REFUSED, "too low")
    runs.end(record("run 1", metrics={"entity_f1": 0.5}), PUSHED, "version 1")  # it went on
    ended = {run.info.run_name: (run.info.status, run.data.tags.get("ner.outcome")) for run in stored(registry)}
    assert ended == {"local": ("RUNNING", None), "run 1": ("FINISHED", PUSHED), "run 2": ("FINISHED", REFUSED)}


@pytest.mark.parametrize("outcome", [FAILED, INTERRUPTED, None])
def test_a_resumed_run_continues_the_run_of_a_failed_interrupted_or_killed_one(registry, runs, outcome):
    runs.begin(record("run 1"), "key", [])
    if outcome:
        runs.end(record("run 1"), outcome, "Trainer: no memory")
        assert [run.info.status for run in stored(registry)] == [{FAILED: "FAILED", INTERRUPTED: "KILLED"}[outcome]]
    runs.begin(record("run 2"), "key", ["run 1"])
    (run,) = stored(registry)
    assert (run.info.run_name, run.info.status) == ("run 2", "RUNNING")
    assert "ner.outcome" not in run.data.tags
    assert runs.is_open("run 2")
    runs.end(record("run 2"), REFUSED, "too low")
    assert not runs.is_open("run 2")
    assert len(stored(registry)) == 1


def test_a_run_from_the_cache_is_not_recorded_again(registry, runs):
    runs.begin(record("run 1"), "key", [])
    runs.end(record("run 1"), REFUSED, "too low")
    runs.begin(record("run 2"), "key", ["run 1"])
    runs.end(record("run 2"), REFUSED, "too low")  # after a kill between the last node and its cache
    assert len(stored(registry)) == 1
    runs.begin(record("run 3"), "other key", ["run 1", "run 2"])
    runs.begin(record("run 4"), "key", [])  # of another work folder
    assert len(stored(registry)) == 3


def test_a_version_and_its_pipeline_run_share_one_mlflow_run(registry, runs, model_dir):
    pushed = dataclasses.replace(record("run 1", metrics={"entity_f1": 0.75}), blessed=True)
    runs.begin(pushed, "key", [])
    version = registry.register(model_dir, "ner", pushed)
    assert runs.is_open("run 1")
    runs.end(pushed, PUSHED, "version 1")
    (run,) = stored(registry)
    assert (run.info.run_id, run.info.status) == (version.run_id, "FINISHED")
    # A later run never writes into the files of a registered version.
    runs.begin(record("run 1"), "other", [])
    assert len(stored(registry)) == 2
