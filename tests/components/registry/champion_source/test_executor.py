from __future__ import annotations

from pathlib import Path

import pytest
from tfx.types import standard_artifacts
from tfx.utils import path_utils

from components.common.hashing import tree_hash
from components.registry.champion_source.executor import Executor
from components.registry.errors import RegistryError
from components.registry.store.version_record import VersionRecord


@pytest.fixture
def run(registry_uri: str, tmp_path: Path):
    """Runs the executor without MLMD; returns the champion artifact, and leaves the other one as `run.trained`."""

    def run(version: str, uri: str = registry_uri):
        artifacts = {name: standard_artifacts.Model() for name in ("champion", "trained")}
        for name, artifact in artifacts.items():
            artifact.uri = str(tmp_path / name)
            Path(artifact.uri).mkdir()
        properties = {"registry_uri": uri, "model_name": "ner", "version": version}
        Executor().Do({}, {name: [artifact] for name, artifact in artifacts.items()}, properties)
        run.trained = artifacts["trained"]
        return artifacts["champion"]

    return run


@pytest.mark.parametrize("version", ["champion", "none", ""])
def test_executor_leaves_the_artifact_empty_without_a_champion(run, version, tmp_path):
    artifact = run(version, f"sqlite:///{tmp_path}/nothing/mlflow.db")
    assert artifact.get_int_custom_property("present") == 0
    assert list(Path(artifact.uri).iterdir()) == []
    assert run.trained.get_int_custom_property("present") == 0
    assert not (tmp_path / "nothing").exists()


@pytest.mark.parametrize("wanted", ["champion", "2", "1"])
def test_executor_brings_the_version_where_tfx_looks_for_it(run, registry, make_model, wanted):
    one, two = make_model("one"), make_model("two")
    for model in (one, two):
        registry.register(model, "ner")
    registry.champions("ner").promote(2, None, "a test", force=True)
    artifact = run(wanted)
    expected = one if wanted == "1" else two
    assert tree_hash(path_utils.serving_model_path(artifact.uri)) == tree_hash(expected)
    assert artifact.get_int_custom_property("present") == 1
    assert artifact.get_int_custom_property("version") == (1 if wanted == "1" else 2)
    assert artifact.get_string_custom_property("tree_hash") == tree_hash(expected)
    assert [path.name for path in Path(artifact.uri).iterdir()] == ["Format-Serving"]


def test_executor_brings_the_versions_model_card(run, registry, model_dir, tmp_path):
    card = tmp_path / "model_card.json"
    card.write_text("{}")
    registry.register(model_dir, "ner", VersionRecord(files=(card,)))
    artifact = run("1")
    assert Path(artifact.uri, "card", "model_card.json").read_text() == "{}"


def test_executor_brings_the_trained_weights_where_there_are_any(run, registry, make_model, tmp_path):
    for name in ("model.keras", "vocabulary"):
        (tmp_path / name).write_text(name)
    trained = {"model.keras": tmp_path / "model.keras", "word_vocabulary": tmp_path / "vocabulary"}
    registry.register(make_model("one"), "ner", VersionRecord(trained=trained))
    registry.register(make_model("two"), "ner")
    run("1")
    assert run.trained.get_int_custom_property("present") == 1
    assert run.trained.get_int_custom_property("version") == 1
    found = {path.name: path.read_text() for path in Path(run.trained.uri, "trained").iterdir()}
    assert found == {"model.keras": "model.keras", "word_vocabulary": "vocabulary"}


def test_executor_brings_a_baseline_without_trained_weights(run, registry, make_model):
    registry.register(make_model("one"), "ner")
    assert run("1").get_int_custom_property("present") == 1
    assert run.trained.get_int_custom_property("present") == 0
    assert list(Path(run.trained.uri).iterdir()) == []


def test_executor_ignores_the_champion_when_none_is_asked_for(run, registry, model_dir):
    registry.register(model_dir, "ner")
    registry.champions("ner").promote(1, None, "a test", force=True)
    assert run("none").get_int_custom_property("present") == 0


def test_executor_says_when_a_version_is_not_there(run):
    with pytest.raises(RegistryError, match="ner has no version 4"):
        run("4")


def test_executor_refuses_a_malformed_version(run):
    with pytest.raises(RegistryError, match="version 'latest'"):
        run("latest")
