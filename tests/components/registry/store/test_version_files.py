from __future__ import annotations

import shutil
import time
from pathlib import Path

import pytest

from components.registry.errors import RegistryError
from components.registry.store import version_files
from components.registry.store.mlflow_store import MlflowStore
from components.registry.store.version import VersionRecord
from components.registry.store.version_files import discard_abandoned, verify


def _runs(registry) -> dict[str, str]:
    with registry.client() as client:
        runs = client.search_runs([MlflowStore(registry.uri).experiment_id(client)], run_view_type=3)
        return {run.info.run_id: run.info.status for run in runs}


def _discard(registry) -> None:
    store = MlflowStore(registry.uri)
    with store.client() as client, store.reader() as reader:
        discard_abandoned(store, client, reader, "ner")


@pytest.fixture
def abandoned(registry, model_dir, monkeypatch):
    """Folder of an upload that was killed before it created a version."""

    def die(*_: object) -> None:
        raise KeyboardInterrupt

    with registry.client() as client, monkeypatch.context() as patch:
        patch.setattr(client, "create_model_version", die)
        patch.setattr(client, "set_terminated", die)  # a killed process ends no run
        with pytest.raises(KeyboardInterrupt):
            registry.register(model_dir, "ner")
    (folder,) = registry.database.parent.glob("artifacts/*")
    return folder


def test_an_upload_without_a_version_is_removed_after_a_day(registry, abandoned, monkeypatch):
    assert (abandoned / "artifacts" / "model").is_dir()
    _discard(registry)
    assert abandoned.is_dir()  # it may be in progress
    later = time.time() + 25 * 3600
    monkeypatch.setattr(version_files.time, "time", lambda: later)
    _discard(registry)
    assert not (abandoned / "artifacts").exists()
    assert _runs(registry) == {abandoned.name: "KILLED"}


def test_a_removal_takes_abandoned_uploads_at_once(registry, register, abandoned):
    """The lock of the registry excludes that one is in progress."""
    kept = register("kept")
    assert registry.stored_folders("ner", []) == {None: [abandoned]}
    registry.remove("ner", [])
    assert [Path(kept.uri).parent.parent] == list(abandoned.parent.iterdir())
    registry.verify(kept)
    registry.remove("ner", [])


@pytest.mark.extended
def test_an_upload_whose_version_exists_is_kept(registry, model_dir, monkeypatch):
    with registry.client() as client, monkeypatch.context() as patch:
        patch.setattr(client, "set_terminated", lambda *_: None)
        version = registry.register(model_dir, "ner")
    later = time.time() + 25 * 3600
    monkeypatch.setattr(version_files.time, "time", lambda: later)
    _discard(registry)
    assert _runs(registry) == {version.run_id: "FINISHED"}
    verify(MlflowStore(registry.uri), version)


@pytest.mark.extended
def test_other_runs_are_not_changed(registry, model_dir, monkeypatch):
    registry.register(model_dir, "ner")
    with registry.client() as client:
        other = client.create_run(MlflowStore(registry.uri).experiment_id(client)).info
    Path(other.artifact_uri).mkdir(parents=True)
    later = time.time() + 25 * 3600
    monkeypatch.setattr(version_files.time, "time", lambda: later)
    _discard(registry)
    assert _runs(registry)[other.run_id] == "RUNNING"
    assert Path(other.artifact_uri).is_dir()


@pytest.mark.extended
def test_verify_reads_local_files_in_place(registry, model_dir, monkeypatch):
    version = registry.register(model_dir, "ner")
    store = MlflowStore(registry.uri)
    monkeypatch.setattr(store, "client", lambda **_: pytest.fail("MLflow was asked"))
    verify(store, version)


@pytest.fixture
def with_weights(registry, model_dir, tmp_path):
    for name in ("model.keras", "words"):
        (tmp_path / name).write_text(name)
    trained = {"model.keras": tmp_path / "model.keras", "word_vocabulary": tmp_path / "words"}
    return registry.register(model_dir, "ner", VersionRecord(trained=trained))


def test_the_trained_model_is_stored_and_fetched(registry, with_weights, tmp_path):
    fetched = registry.fetch_trained(with_weights, tmp_path / "fetched" / "trained")
    assert {path.name: path.read_text() for path in fetched.iterdir()} == {
        "model.keras": "model.keras",
        "word_vocabulary": "words",
    }
    assert registry.fetch_trained(with_weights, fetched) == fetched


def test_one_file_of_the_trained_model_is_read_without_the_others(registry, with_weights):
    stored = Path(with_weights.uri).parent / "trained"
    (stored / "model.keras").unlink()
    assert registry.trained_file(with_weights, "word_vocabulary") == b"words"
    assert registry.trained_file(with_weights, "absent") is None
    (stored / "word_vocabulary").write_text("other")
    with pytest.raises(RegistryError, match="changed or damaged: word_vocabulary differs"):
        registry.trained_file(with_weights, "word_vocabulary")


@pytest.mark.extended
def test_a_version_without_a_trained_model_gives_none(registry, make_model, tmp_path):
    version = registry.register(make_model("bare"), "ner")
    assert registry.fetch_trained(version, tmp_path / "trained") is None
    assert not (tmp_path / "trained").exists()


@pytest.mark.parametrize("damage", ["changed", pytest.param("gone", marks=pytest.mark.extended)])
def test_a_damaged_trained_model_stops_fetch_and_promotion(registry, with_weights, tmp_path, damage):
    stored = Path(with_weights.uri).parent / "trained" / "model.keras"
    if damage == "changed":
        stored.write_text("other")
    else:
        shutil.rmtree(stored.parent)
    message = "changed or damaged" if damage == "changed" else "its files cannot be read"
    with pytest.raises(RegistryError, match=message):
        registry.fetch_trained(with_weights, tmp_path / "fetched")
    with pytest.raises(RegistryError, match=message):
        registry.champions("ner").promote(1, None, "a test", force=True)
    assert not (tmp_path / "fetched").exists()
