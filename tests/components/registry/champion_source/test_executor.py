from __future__ import annotations

from pathlib import Path

import pytest
from support.lazy import LazyModule

from components.common.hashing import tree_hash
from components.registry.errors import RegistryError
from components.registry.store.version import VersionRecord

executor = LazyModule("components.registry.champion_source.executor")
standard_artifacts = LazyModule("tfx.types.standard_artifacts")


@pytest.fixture
def run(registry_uri: str, tmp_path: Path):
    """Runs the executor without ML Metadata; returns its two artifacts."""

    def run(version: str, uri: str = registry_uri):
        artifacts = {name: standard_artifacts.Model() for name in ("champion_model", "champion_trained_model")}
        for name, artifact in artifacts.items():
            artifact.uri = str(tmp_path / name)
            Path(artifact.uri).mkdir(exist_ok=True)
        properties = {"registry_uri": uri, "model_name": "ner", "version": version}
        executor.Executor().Do({}, {name: [artifact] for name, artifact in artifacts.items()}, properties)
        return tuple(artifacts.values())

    return run


@pytest.mark.parametrize("version", ["champion", pytest.param("none", marks=pytest.mark.extended)])
def test_without_a_champion_both_artifacts_are_empty(run, version, tmp_path):
    for artifact in run(version, f"sqlite:///{tmp_path}/nothing/mlflow.db"):
        assert artifact.get_int_custom_property("present") == 0
        assert list(Path(artifact.uri).iterdir()) == []
    assert not (tmp_path / "nothing").exists()


@pytest.mark.parametrize(("requested", "number"), [("champion", 2), pytest.param("1", 1, marks=pytest.mark.extended)])
def test_a_version_is_downloaded_to_the_place_where_tfx_expects_it(run, registry, make_model, requested, number):
    from tfx.utils import path_utils

    models = [make_model("one"), make_model("two")]
    for model in models:
        registry.register(model, "ner")
    registry.champions("ner").promote(2, None, "a test", force=True)
    champion, trained = run(requested)
    expected = tree_hash(models[number - 1])
    assert tree_hash(path_utils.serving_model_path(champion.uri)) == expected
    stored = Path(registry.get("ner", number).uri, "data", "Format-Serving", "saved_model.pb")
    assert stored.samefile(Path(path_utils.serving_model_path(champion.uri), "saved_model.pb")), "stored twice"
    assert champion.get_int_custom_property("present") == 1
    assert champion.get_int_custom_property("version") == number
    assert champion.get_string_custom_property("tree_hash") == expected
    assert trained.get_int_custom_property("present") == 0, "it was registered without a trained model"
    assert list(Path(trained.uri).iterdir()) == []


def test_a_trained_model_is_downloaded_with_its_vocabularies_and_training_sentences(
    run, registry, make_model, tmp_path
):
    names = ("model.keras", "word_vocabulary", "training_sentences.npy")
    for name in names:
        (tmp_path / name).write_text(name)
    registry.register(make_model("one"), "ner", VersionRecord(trained={name: tmp_path / name for name in names}))
    champion, trained = run("1")
    assert Path(champion.uri, "training_sentences.npy").read_text() == "training_sentences.npy"
    assert trained.get_int_custom_property("present") == 1
    assert trained.get_int_custom_property("version") == 1
    contents = {path.name: path.read_text() for path in Path(trained.uri, "trained").iterdir()}
    assert contents == {name: name for name in names}


@pytest.mark.extended
def test_the_champion_is_ignored_if_no_version_is_requested(run, registry, model_dir):
    registry.register(model_dir, "ner")
    registry.champions("ner").promote(1, None, "a test", force=True)
    champion, _ = run("none")
    assert champion.get_int_custom_property("present") == 0


def test_a_version_that_does_not_exist_is_an_error(run):
    for version, message in (
        ("4", "ner: no version 4"),
        ("latest", "version 'latest'"),
    ):
        with pytest.raises(RegistryError, match=message):
            run(version)


def test_a_registry_that_takes_no_versions_stops_a_run_before_its_training(run, registry, make_model):
    registry.register(make_model("one"), "ner")
    with registry.client() as client:
        client.delete_experiment(client.get_experiment_by_name("ner").experiment_id)
    with pytest.raises(RegistryError, match="experiments restore"):
        run("champion")
