from __future__ import annotations

import contextlib
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from support.processes import popen
from support.repository import python_environment

from components.registry.errors import RegistryError
from components.registry.store.mlflow_store import MlflowStore, local_path


def test_other_addresses_are_refused():
    for uri in ("registry.db", "/a/registry", "file:///a/mlruns", "sqlite://", "sqlite:///", ""):
        with pytest.raises(RegistryError, match=r"registry.uri .*Give sqlite:///"):
            MlflowStore(uri)


def test_a_relative_sqlite_path_becomes_absolute(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert MlflowStore("sqlite:///a/mlflow.db").uri == f"sqlite:///{tmp_path}/a/mlflow.db"


@pytest.mark.extended
def test_a_database_server_needs_an_artifact_location():
    with pytest.raises(RegistryError, match="needs artifact_location"):
        MlflowStore("postgresql://host/db")


def test_a_local_artifact_location_is_refused_over_http():
    for location in ("/data/models", "models", "file:///data/models"):
        with pytest.raises(RegistryError, match="other machines do not see"):
            MlflowStore("http://127.0.0.1:5000", artifact_location=location)


def _client(location: str) -> SimpleNamespace:
    experiment = SimpleNamespace(experiment_id="1", artifact_location=location)
    return SimpleNamespace(get_experiment_by_name=lambda name: experiment)


def test_an_experiment_of_a_server_must_not_store_in_a_local_folder():
    store = MlflowStore("https://registry.example")
    for location in ("/srv/mlruns/1", "file:///srv/mlruns/1"):
        with pytest.raises(RegistryError, match="--artifacts-destination"):
            store.experiment_id(_client(location))
    for location in ("mlflow-artifacts:/1", "s3://bucket/ner"):
        assert store.experiment_id(_client(location)) == "1"


@pytest.mark.extended
def test_an_sqlite_registry_stores_files_in_the_folder_next_to_it(registry_uri, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    store = MlflowStore(registry_uri)
    with store.client(write=True) as client:
        location = client.get_experiment(store.experiment_id(client)).artifact_location
    assert location == str(tmp_path / "registry" / "artifacts")
    assert not (tmp_path / "mlruns").exists()


@pytest.mark.extended
def test_a_store_is_empty_until_it_is_opened(tmp_path):
    store = MlflowStore(f"sqlite:///{tmp_path}/mlflow.db")
    assert store.is_empty()
    assert not list(tmp_path.iterdir())


def test_an_error_of_mlflow_becomes_a_registry_error(registry_uri):
    with (
        pytest.raises(RegistryError, match=r"model registry sqlite:///.*: MLflow failed: .*absent"),
        MlflowStore(registry_uri).client() as client,
    ):
        client.get_registered_model("absent")


@pytest.mark.extended
def test_a_file_that_is_not_a_database_is_an_error(tmp_path):
    (tmp_path / "mlflow.db").write_bytes(b"not a database" * 1000)
    with (
        pytest.raises(RegistryError, match="cannot be opened"),
        MlflowStore(f"sqlite:///{tmp_path}/mlflow.db").client(),
    ):
        pass


@pytest.mark.extended
def test_the_leftover_of_a_killed_first_open_is_replaced(tmp_path, migrated_database):
    (tmp_path / ".incoming-mlflow.db").write_bytes(migrated_database.read_bytes()[:20_000])
    (tmp_path / ".incoming-mlflow.db-journal").write_bytes(b"half a journal")
    with MlflowStore(f"sqlite:///{tmp_path}/mlflow.db").client() as client:
        assert list(client.search_registered_models()) == []
    assert {path.name for path in tmp_path.iterdir()} == {"mlflow.db", "mlflow.db.lock"}


_FIRST_OPEN = """
import os, sys
from pathlib import Path
from components.registry.model_registry import ModelRegistry
from components.registry.store.version import VersionRecord
registry = ModelRegistry("sqlite:///registry/mlflow.db")
assert "mlflow" not in sys.modules
record = VersionRecord(tags={"run_fingerprint": sys.argv[2]}, metrics={"f1": 0.5})
version = registry.register(Path(sys.argv[1]), "ner", record)
assert type(version.version) is int
assert "tensorflow" not in sys.modules and "tfx" not in sys.modules, "the registry imported TensorFlow or TFX"
from mlflow.telemetry.utils import is_telemetry_disabled
assert is_telemetry_disabled()
print(version.version)
"""


@pytest.mark.extended
def test_four_processes_can_create_a_registry_at_once(tmp_path, model_dir):
    environment = {key: value for key, value in python_environment().items() if not key.startswith("MLFLOW_")}
    with contextlib.ExitStack() as stack:
        processes = [
            stack.enter_context(
                popen(
                    [sys.executable, "-c", _FIRST_OPEN, str(model_dir), f"run {number}"],
                    cwd=tmp_path, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                )
            )
            for number in range(4)
        ]  # fmt: skip
        ended = [process.communicate(timeout=240) for process in processes]
    assert [process.returncode for process in processes] == [0] * 4, [error for _, error in ended]
    assert sorted(output.strip() for output, _ in ended) == ["1", "2", "3", "4"]
    # Nothing went to MLflow's process-wide default store.
    assert {path.name for path in tmp_path.iterdir()} == {"registry", "exported"}


def test_local_path():
    for uri, path in (
        ("/a/b", Path("/a/b")),
        ("file:///a/b%20c", Path("/a/b c")),
        ("s3://b/a", None),
        ("mlflow-artifacts:/1", None),
    ):
        assert local_path(uri) == path
