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


@pytest.mark.parametrize("uri", ["registry.db", "/a/registry", "file:///a/mlruns", "sqlite://", "sqlite:///", ""])
def test_mlflow_store_refuses_what_is_no_registry(uri):
    with pytest.raises(RegistryError, match=r"registry.uri .*Give sqlite:///"):
        MlflowStore(uri)


def test_mlflow_store_makes_a_relative_sqlite_path_absolute(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert MlflowStore("sqlite:///a/mlflow.db").uri == f"sqlite:///{tmp_path}/a/mlflow.db"


def test_mlflow_store_needs_a_place_for_files_with_a_database_server():
    with pytest.raises(RegistryError, match="needs artifact_location"):
        MlflowStore("postgresql://host/db")


@pytest.mark.parametrize("location", ["/data/models", "models", "file:///data/models"])
def test_mlflow_store_refuses_a_local_folder_over_http(location):
    with pytest.raises(RegistryError, match="other machines do not see"):
        MlflowStore("http://127.0.0.1:5000", artifact_location=location)


@pytest.mark.parametrize("location", ["/srv/mlruns/1", "file:///srv/mlruns/1"])
def test_mlflow_store_refuses_an_experiment_of_a_server_that_stores_locally(location):
    client = SimpleNamespace(
        get_experiment_by_name=lambda name: SimpleNamespace(experiment_id="1", artifact_location=location)
    )
    with pytest.raises(RegistryError, match="--artifacts-destination"):
        MlflowStore("https://registry.example").experiment_id(client)


@pytest.mark.parametrize("location", ["mlflow-artifacts:/1", "s3://bucket/ner"])
def test_mlflow_store_takes_an_experiment_of_a_server_that_stores_for_all(location):
    client = SimpleNamespace(
        get_experiment_by_name=lambda name: SimpleNamespace(experiment_id="1", artifact_location=location)
    )
    assert MlflowStore("https://registry.example").experiment_id(client) == "1"


def test_mlflow_store_binds_the_experiment_of_a_file_to_the_folder_beside_it(registry_uri, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    store = MlflowStore(registry_uri)
    with store.client(write=True) as client:
        location = client.get_experiment(store.experiment_id(client)).artifact_location
    assert location == str(tmp_path / "registry" / "artifacts")
    assert not (tmp_path / "mlruns").exists()


def test_mlflow_store_is_empty_until_opened(tmp_path):
    store = MlflowStore(f"sqlite:///{tmp_path}/mlflow.db")
    assert store.is_empty()
    assert not list(tmp_path.iterdir())


def test_mlflow_store_turns_a_refusal_into_a_user_error(registry_uri):
    with (
        pytest.raises(RegistryError, match=r"model registry sqlite:///.*: MLflow failed: .*absent"),
        MlflowStore(registry_uri).client() as client,
    ):
        client.get_registered_model("absent")


def test_mlflow_store_says_when_a_file_is_no_registry(tmp_path):
    (tmp_path / "mlflow.db").write_bytes(b"not a database" * 1000)
    with (
        pytest.raises(RegistryError, match="cannot be opened"),
        MlflowStore(f"sqlite:///{tmp_path}/mlflow.db").client(),
    ):
        pass


def test_mlflow_store_replaces_the_leftover_of_a_killed_first_open(tmp_path, migrated_database):
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


def test_mlflow_store_survives_four_processes_that_open_an_empty_registry_at_once(tmp_path, model_dir):
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


@pytest.mark.parametrize(
    ("uri", "path"),
    [("/a/b", Path("/a/b")), ("file:///a/b%20c", Path("/a/b c")), ("s3://b/a", None), ("mlflow-artifacts:/1", None)],
)
def test_local_path(uri, path):
    assert local_path(uri) == path
