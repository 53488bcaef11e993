from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner

from components.registry.store.version import RegisteredVersion
from configs.loading import load_config
from configs.spec import PipelineConfig
from pipeline.registry_view.lineage import Lineage, Usage, read_lineage
from pipeline.run.relocation import metadata_file

URI = "sqlite:////registry/mlflow.db"


def _version(number: int, name: str = "ner") -> RegisteredVersion:
    return RegisteredVersion(name, number, (), {}, "", "", datetime(2026, 1, 1, tzinfo=UTC))


class _Store:
    """Writes runs into ML Metadata as TFX does."""

    def __init__(self, path: Path) -> None:
        from ml_metadata import metadata_store
        from ml_metadata.proto import metadata_store_pb2 as mlmd

        self.mlmd = mlmd
        source = mlmd.SqliteMetadataSourceConfig(filename_uri=str(path), connection_mode=3)
        self.store = metadata_store.MetadataStore(mlmd.ConnectionConfig(sqlite=source))
        self.runs = self.store.put_context_type(mlmd.ContextType(name="pipeline_run"))

    def artifact(self, kind: str, **properties: object) -> int:
        type_id = self.store.put_artifact_type(self.mlmd.ArtifactType(name=kind))
        return self.store.put_artifacts(
            [self._filled(self.mlmd.Artifact(type_id=type_id, uri=f"/{kind}"), properties)]
        )[0]

    def execution(self, run: str, kind: str, inputs: dict, outputs: dict, state: str = "COMPLETE", **settings) -> None:
        type_id = self.store.put_execution_type(self.mlmd.ExecutionType(name=f"components.x.{kind}"))
        execution = self._filled(self.mlmd.Execution(type_id=type_id), settings)
        execution.last_known_state = getattr(self.mlmd.Execution, state)
        context = self.mlmd.Context(type_id=self.runs, name=run)
        pairs = []
        for direction, artifacts in ((self.mlmd.Event.INPUT, inputs), (self.mlmd.Event.OUTPUT, outputs)):
            for name, number in artifacts.items():
                event = self.mlmd.Event(type=direction)
                event.path.steps.add().key = name
                pairs.append((self.store.get_artifacts_by_id([number])[0], event))
        self.store.put_execution(execution, pairs, [context], reuse_context_if_already_exist=True)

    def _filled(self, entry, properties):
        for name, value in properties.items():
            kind = {int: "int_value", str: "string_value", float: "double_value"}[type(value)]
            setattr(entry.custom_properties[name], kind, value)
        return entry


def config_of(metadata: Path) -> PipelineConfig:
    return load_config(None, [f"work_dir={metadata.parents[1]}"])


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Run a pushes version 1; run b gets it from the cache; run c pushes version 2 after it; run d is refused."""
    file = tmp_path / "metadata" / "ner.sqlite"
    file.parent.mkdir()
    store = _Store(file)
    model = {"model_name": "ner"}
    registry = {"registry_uri": URI, **model}
    examples = store.artifact("Examples", span=4, split_names='["train"]', tfx_version="1")
    trained = store.artifact("Model")
    empty = store.artifact("Model", present=0)
    pushed = store.artifact("PushedModel", registry_version=1, pushed=1, registry_uri=URI)
    store.execution("a", "CorpusExampleGen", {}, {"examples": examples}, input_base="/data")
    store.execution("a", "ChampionSource", {}, {"champion": empty}, version="none", **registry)
    store.execution("a", "Trainer", {"examples": examples}, {"model": trained}, epochs=20, learning_rate=0.5)
    store.execution("a", "Evaluator", {"examples": examples, "baseline_model": empty}, {})
    store.execution("a", "RegistryPusher", {"model": trained, "examples": examples}, {"pushed_model": pushed}, **model)
    store.execution("b", "RegistryPusher", {"model": trained}, {"pushed_model": pushed}, "CACHED", **model)
    champion = store.artifact("Model", version=1, present=1)
    second = store.artifact("PushedModel", registry_version=2, pushed=1, registry_uri=URI)
    for run, state in (("c", "COMPLETE"), ("d", "CACHED")):
        store.execution(run, "ChampionSource", {}, {"champion": champion}, state, version="1", **registry)
        store.execution(run, "Evaluator", {"examples": examples, "baseline_model": champion}, {})
    store.execution("c", "Trainer", {"examples": examples, "warm_start": champion}, {"model": store.artifact("Model")})
    store.execution("c", "RegistryPusher", {}, {"pushed_model": second}, **model)
    store.execution("d", "DriftValidator", {"examples": examples, "champion": champion}, {})
    refused = store.artifact("PushedModel", pushed=0, reason="not blessed")
    store.execution("d", "RegistryPusher", {}, {"pushed_model": refused}, **model)
    other = store.artifact("PushedModel", registry_version=1, pushed=1, registry_uri=URI)
    store.execution("e", "RegistryPusher", {}, {"pushed_model": other}, model_name="other")
    store.execution("f", "ChampionSource", {}, {"champion": champion}, "CACHED", version="1", **registry)
    store.execution("f", "Trainer", {"examples": examples}, {}, "FAILED")
    return file


def test_steps_follow_their_inputs(path):
    lineage = read_lineage(config_of(path), URI, _version(1))
    assert [node.name for node in lineage.nodes] == ["CorpusExampleGen", "Trainer", "RegistryPusher"]
    examples, trainer, _ = lineage.nodes
    assert examples.settings == {"input_base": "/data"}
    assert examples.outputs == {"examples": ("/Examples", {"span": 4, "split_names": '["train"]'})}
    assert trainer.settings == {"epochs": 20, "learning_rate": 0.5}


def test_runs_before_and_after_a_version(path):
    lineage = read_lineage(config_of(path), URI, _version(1))
    assert lineage.runs == ("a", "b")
    assert lineage.usages == (
        Usage("c", ("baseline", "warm start"), "pushed version 2"),
        Usage("d", ("baseline", "drift reference"), "not pushed: not blessed"),
        Usage("f", (), "stopped at Trainer"),
    )
    assert read_lineage(config_of(path), URI, _version(2)).usages == ()


def test_a_version_of_other_runs_has_no_lineage(path):
    for uri, version in (
        (URI, _version(3)),
        ("sqlite:////other.db", _version(1)),
        (URI, _version(1, "another")),
    ):
        assert read_lineage(config_of(path), uri, version) is None


def test_lineage_without_metadata_is_none(tmp_path):
    assert read_lineage(config_of(tmp_path / "absent" / "ner.sqlite"), URI, _version(1)) is None
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("known", [True, False])
def test_ner_lineage_prints_registry_and_metadata(path, tmp_path, monkeypatch, known):
    from components.registry import model_registry
    from pipeline.cli.main import main

    version = RegisteredVersion(
        "ner", 1 if known else 7, ("champion",),
        {"data.span": "4", "code_version": "c0de", "params": '{"trainer.epochs": "20"}', "metric.f1": "0.5"},
        "", "", datetime(2026, 1, 1, tzinfo=UTC),
    )  # fmt: skip
    monkeypatch.setattr(model_registry.ModelRegistry, "get", lambda *_: version)
    monkeypatch.setattr(model_registry.ModelRegistry, "uri", URI)
    assert metadata_file(load_config(None, [f"work_dir={tmp_path}"])) == path
    output = CliRunner().invoke(main, ["lineage", "--set", f"work_dir={tmp_path}"]).output
    for text in ("data.span", "c0de", "trainer.epochs"):
        assert text in output
    used = "run d as baseline and drift reference: not pushed: not blessed"
    expected = used if known else "has no run that pushed it"
    assert expected in output
    assert output.index(expected) < output.index("data.span") < output.index("trainer.epochs")
    assert ("it is not a version" in output) == known
    plain = CliRunner().invoke(main, ["lineage", "champion", "--json", "--set", f"work_dir={tmp_path}"]).output
    assert '"tags"' in plain
    assert isinstance(read_lineage(config_of(path), URI, version), Lineage) == known
