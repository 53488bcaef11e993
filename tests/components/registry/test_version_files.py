from __future__ import annotations

import time
from pathlib import Path

import pytest

from components.registry import version_files
from components.registry.version_files import discard_abandoned, verify


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
