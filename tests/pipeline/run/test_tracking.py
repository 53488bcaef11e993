from __future__ import annotations

from types import SimpleNamespace

import pytest

from components.registry.errors import RegistryError
from components.registry.model_registry import ModelRegistry
from configs.loading import load_config
from pipeline.run import tracking
from pipeline.run.run_record import NodeRecord, RunRecord


class Runs:
    """Records the calls instead of writing to MLflow."""

    def __init__(self) -> None:
        self.calls: list[tuple] = []
        self.fails = False

    def begin(self, record, key, earlier):
        if self.fails:
            raise RegistryError("the server cannot be reached. Start it.")
        self.calls.append(("begin", record.tags["run_id"]))

    def end(self, record, outcome, text):
        if self.fails:
            raise RegistryError("the server cannot be reached. Start it.")
        self.calls.append(("end", outcome, text))

    def is_open(self, pipeline_run):
        return True


@pytest.fixture
def runs(monkeypatch):
    runs = Runs()
    monkeypatch.setattr(ModelRegistry, "pipeline_runs", lambda self, name: runs)
    record = RunRecord(
        (NodeRecord("Trainer", "failed", 1.0),), {("RegistryPusher", "pushed_model"): ("", {"reason": "too low"})}
    )
    monkeypatch.setattr(tracking, "read_run", lambda config, run_id: record)
    return runs


def compiled():
    values = {name: SimpleNamespace(field_value=SimpleNamespace(string_value="{}")) for name in ("lineage", "params")}
    node = SimpleNamespace(
        node_info=SimpleNamespace(id="RegistryPusher"), parameters=SimpleNamespace(parameters=values)
    )
    return SimpleNamespace(nodes=[SimpleNamespace(pipeline_node=node)])


@pytest.mark.parametrize(
    ("error", "outcome", "text"),
    [
        (ValueError("no memory"), "failed", "Trainer: no memory"),
        (KeyboardInterrupt(), "interrupted", "Trainer: stopped by the user"),
    ],
)
def test_a_run_that_stops_is_ended_with_the_node_and_the_reason(runs, tmp_path, error, outcome, text):
    config = load_config(None, [f"work_dir={tmp_path}"])
    with pytest.raises(type(error)), tracking.track_run(config, "run 1", compiled()):
        raise error
    assert runs.calls == [("begin", "run 1"), ("end", outcome, text)]


def test_a_run_whose_pusher_came_from_the_cache_is_ended_with_its_outcome(runs, tmp_path):
    with tracking.track_run(load_config(None, [f"work_dir={tmp_path}"]), "run 1", compiled()):
        pass
    assert runs.calls[1:] == [("end", "refused", "too low")]


def test_an_unreachable_server_stops_no_node_and_hides_no_error(runs, tmp_path, caplog):
    runs.fails = True
    with (
        pytest.raises(ValueError, match="no memory"),
        tracking.track_run(load_config(None, [f"work_dir={tmp_path}"]), "run 1", compiled()),
    ):
        raise ValueError("no memory")
    assert [record.getMessage().partition(":")[0] for record in caplog.records] == [
        "The MLflow run was not begun",
        "The MLflow run was not ended",
    ]


def test_settings_that_a_search_decides_are_not_recorded_before_it(tmp_path):
    params = {"trainer.epochs": "2", "trainer.transformer.layers": "2", "trainer.cnn_linear.width": "96", "name": "ner"}
    settings = [f"work_dir={tmp_path}", "trainer.tagger=cnn_linear"]
    assert set(tracking._decided(load_config(None, settings), params)) == set(params) - {"trainer.transformer.layers"}
    assert set(tracking._decided(load_config(None, [*settings, "tuner.enabled=true"]), params)) == {"name"}
