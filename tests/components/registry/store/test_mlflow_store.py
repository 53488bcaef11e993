from __future__ import annotations

import contextlib
import http.server
import re
import socket
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
from support.processes import popen
from support.repository import python_environment
from support.snapshot import snapshot

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
def test_a_database_server_is_refused():
    with pytest.raises(RegistryError, match=r"a database server does not store model files\. Give .* MLflow server"):
        MlflowStore("postgresql://host/db")


def _client(location: str) -> SimpleNamespace:
    experiment = SimpleNamespace(experiment_id="1", artifact_location=location, lifecycle_stage="active")
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


def _write_foreign(path: Path, kind: str) -> None:
    """Writes a file that is not MLflow's database."""
    if kind == "folder":
        path.mkdir()
    elif kind == "link":
        path.symlink_to(path.with_name("absent"))
    elif kind in ("empty", "text"):
        path.write_bytes(b"" if kind == "empty" else b"not a database\n" * 1000)
    else:
        with contextlib.closing(sqlite3.connect(path)) as connection:
            connection.execute("CREATE TABLE notes (id INTEGER, text VARCHAR)")
            if kind == "alembic":
                connection.execute("CREATE TABLE alembic_version (version_num VARCHAR)")
                connection.execute("INSERT INTO alembic_version VALUES ('1a2b')")
            connection.commit()


@pytest.mark.parametrize(
    ("kind", "problem"),
    [
        ("empty", "empty (0 bytes)"),
        ("text", "not an SQLite database"),
        ("application", "another application (its tables: notes)"),
        ("alembic", "another application (its tables: alembic_version, notes)"),
        ("folder", "a folder"),
        ("link", "a link to a missing file"),
    ],
)
def test_a_file_that_is_not_a_registry_is_an_error_and_stays_as_it_is(tmp_path, kind, problem):
    path = tmp_path / "mlflow.db"
    _write_foreign(path, kind)
    before = snapshot(tmp_path)
    store = MlflowStore(f"sqlite:///{path}")
    for use in (store.reader, store.client):
        with pytest.raises(RegistryError, match=rf"{path}: is .*{re.escape(problem)}.*begin an empty registry"), use():
            pass
    (tmp_path / "mlflow.db.lock").unlink()  # of the client, which may write
    assert snapshot(tmp_path) == before


def test_a_damaged_page_is_an_error_that_names_the_file(registry_uri):
    store = MlflowStore(registry_uri)
    with store.database.open("r+b") as file:
        file.seek(4096)
        file.write(b"\xff" * 200_000)
    with pytest.raises(RegistryError, match=rf"{store.database}: .*(damaged|cannot be read)"), store.reader() as reader:
        reader.versions("ner")


def test_tables_of_another_mlflow_are_not_converted(registry_uri):
    store = MlflowStore(registry_uri)
    with contextlib.closing(sqlite3.connect(store.database)) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '451aebb31d03'")
        connection.execute("DROP TABLE registered_model_aliases")
        connection.commit()
    before = store.database.read_bytes()
    for use in (store.reader, store.client):
        with pytest.raises(RegistryError, match=r"451aebb31d03 of another MLflow .*db upgrade"), use():
            pass
    assert store.database.read_bytes() == before


def test_a_deleted_experiment_is_named_with_the_command_that_restores_it(registry_uri):
    store = MlflowStore(registry_uri)
    with store.client() as client:
        number = store.experiment_id(client)
        store.check_ready()
        client.delete_experiment(number)
        remedy = rf"MLFLOW_TRACKING_URI={registry_uri} mlflow experiments restore -x {number}"
        for check in (store.check_ready, lambda: store.experiment_id(client)):
            with pytest.raises(RegistryError, match=remedy):
                check()
        client.restore_experiment(number)
    store.check_ready()


@contextlib.contextmanager
def _answering(status: int) -> Iterator[str]:
    """A server that answers every request with one status and a web page."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = b"<html>" + b"x" * 5000
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


@pytest.mark.parametrize(
    ("status", "problem"),
    [
        (401, "MLFLOW_TRACKING_USERNAME"),
        pytest.param(403, "--allowed-hosts", marks=pytest.mark.extended),
        pytest.param(404, "does not answer like MLflow", marks=pytest.mark.extended),
        (500, "the server failed. Read its log"),
        pytest.param(200, "does not answer like MLflow", marks=pytest.mark.extended),
    ],
)
def test_a_server_that_refuses_is_named_with_a_remedy_before_a_training(status, problem, monkeypatch):
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    with _answering(status) as uri, pytest.raises(RegistryError, match=rf"model registry {uri}: .*{problem}") as error:
        MlflowStore(uri).check_ready()
    assert len(str(error.value)) < 800


def test_a_server_that_is_down_is_named_with_a_remedy_before_a_training(monkeypatch):
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    with socket.socket() as reserved:  # bound and not listening: the port refuses connections
        reserved.bind(("127.0.0.1", 0))
        uri = f"http://127.0.0.1:{reserved.getsockname()[1]}"
        with pytest.raises(RegistryError, match=rf"{uri}: the server cannot be reached\. Start it, or check"):
            MlflowStore(uri).check_ready()


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
