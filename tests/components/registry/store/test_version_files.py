from __future__ import annotations

import dataclasses
import shutil
import time
from pathlib import Path

import pytest

from components.registry.errors import RegistryError
from components.registry.store import version_files
from components.registry.store.version_files import discard_abandoned, fetch_card, verify
from components.registry.store.version_record import VersionRecord


def _runs(registry) -> dict[str, str]:
    with registry._store.client() as client:
        found = client.search_runs([registry._store.experiment_id(client)], run_view_type=3)
        return {run.info.run_id: run.info.status for run in found}


def _discard(registry) -> None:
    with registry._store.client() as client, registry._store.reader() as reader:
        discard_abandoned(registry._store, client, reader, "ner")


@pytest.fixture
def abandoned(registry, model_dir, monkeypatch):
    """Folder of an upload that died before it made a version."""

    def die(*_: object) -> None:
        raise KeyboardInterrupt

    with registry._store.client() as client, monkeypatch.context() as patch:
        patch.setattr(client, "create_model_version", die)
        patch.setattr(client, "set_terminated", die)  # kill -9 says nothing either
        with pytest.raises(KeyboardInterrupt):
            registry.register(model_dir, "ner")
    (folder,) = registry.database.parent.glob("artifacts/*")
    return folder


def test_an_upload_without_a_version_is_removed_after_a_day(registry, abandoned, monkeypatch):
    assert (abandoned / "artifacts" / "model").is_dir()
    _discard(registry)
    assert abandoned.is_dir()  # it may be somebody at work
    later = time.time() + 25 * 3600
    monkeypatch.setattr(version_files.time, "time", lambda: later)
    _discard(registry)
    assert not (abandoned / "artifacts").exists()
    assert _runs(registry) == {abandoned.name: "KILLED"}


def test_an_upload_that_made_its_version_is_kept_however_it_ended(registry, model_dir, monkeypatch):
    with registry._store.client() as client, monkeypatch.context() as patch:
        patch.setattr(client, "set_terminated", lambda *_: None)
        version = registry.register(model_dir, "ner")
    later = time.time() + 25 * 3600
    monkeypatch.setattr(version_files.time, "time", lambda: later)
    _discard(registry)
    assert _runs(registry) == {version.run_id: "FINISHED"}
    verify(registry._store, version)


def test_runs_of_others_are_left_alone(registry, model_dir, monkeypatch):
    registry.register(model_dir, "ner")
    with registry._store.client() as client:
        other = client.create_run(registry._store.experiment_id(client)).info
    Path(other.artifact_uri).mkdir(parents=True)
    later = time.time() + 25 * 3600
    monkeypatch.setattr(version_files.time, "time", lambda: later)
    _discard(registry)
    assert _runs(registry)[other.run_id] == "RUNNING"
    assert Path(other.artifact_uri).is_dir()


def test_verify_reads_local_files_where_they_lie(registry, model_dir, monkeypatch):
    version = registry.register(model_dir, "ner")
    monkeypatch.setattr(registry._store, "client", lambda **_: pytest.fail("MLflow was asked"))
    verify(registry._store, version)


@pytest.fixture
def with_weights(registry, model_dir, tmp_path):
    for name in ("model.keras", "words"):
        (tmp_path / name).write_text(name)
    trained = {"model.keras": tmp_path / "model.keras", "word_vocabulary": tmp_path / "words"}
    return registry.register(model_dir, "ner", VersionRecord(trained=trained))


def test_trained_weights_are_kept_beside_the_model_and_come_back(registry, with_weights, tmp_path):
    fetched = registry.fetch_trained(with_weights, tmp_path / "fetched" / "trained")
    assert {path.name: path.read_text() for path in fetched.iterdir()} == {
        "model.keras": "model.keras",
        "word_vocabulary": "words",
    }
    assert registry.fetch_trained(with_weights, fetched) == fetched


def test_trained_weights_that_were_never_there_are_none(registry, make_model, tmp_path):
    version = registry.register(make_model("bare"), "ner")
    assert registry.fetch_trained(version, tmp_path / "trained") is None
    assert not (tmp_path / "trained").exists()


@pytest.mark.parametrize("damage", ["changed", "gone"])
def test_damaged_weights_stop_a_fetch_and_a_promotion(registry, with_weights, tmp_path, damage):
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


@pytest.fixture
def card(tmp_path: Path) -> Path:
    file = tmp_path / "made" / "model_card.json"
    file.parent.mkdir()
    file.write_text('{"name": "ner"}', encoding="utf-8")
    return file


def test_the_card_is_copied_byte_for_byte(registry, model_dir, card, tmp_path):
    version = registry.register(model_dir, "ner", VersionRecord(files=(card,)))
    fetched = fetch_card(registry.uri, version, tmp_path / "fetched")
    assert fetched == tmp_path / "fetched" / "model_card.json"
    assert fetched.read_bytes() == card.read_bytes()


def test_a_version_without_a_card_gives_none_and_makes_no_folder(registry, model_dir, tmp_path):
    version = registry.register(model_dir, "ner")
    assert fetch_card(registry.uri, version, tmp_path / "fetched") is None
    assert not (tmp_path / "fetched").exists()


def test_files_that_are_in_no_local_folder_are_asked_of_mlflow(registry, model_dir, card, tmp_path):
    version = registry.register(model_dir, "ner", VersionRecord(files=(card,)))
    run_id = Path(version.uri).parts[-3]
    remote = dataclasses.replace(version, uri=f"runs:/{run_id}/model")
    assert fetch_card(registry.uri, remote, tmp_path / "fetched").read_bytes() == card.read_bytes()


def test_files_that_cannot_be_reached_are_an_error(registry, model_dir, tmp_path):
    version = registry.register(model_dir, "ner")
    nowhere = dataclasses.replace(version, uri="runs:/0123456789abcdef0123456789abcdef/model")
    with pytest.raises(RegistryError, match="ner version 1: its model card cannot be read from runs:/"):
        fetch_card(registry.uri, nowhere, tmp_path / "fetched")
