"""The registry on a real MLflow server, whose start takes most of a minute."""

from __future__ import annotations

import ast
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.repository import ROOT

from components.common.hashing import tree_hash
from components.registry.errors import ChampionMovedError, RegistryError
from components.registry.model_registry import ModelRegistry
from components.registry.store.version import VersionRecord
from components.registry.transfer import export_model, import_model

pytestmark = [pytest.mark.slow, pytest.mark.timeout(2400)]


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def _wait_for(uri: str, process: subprocess.Popen) -> None:
    for _ in range(900):
        assert process.poll() is None, "the server ended"
        try:
            urllib.request.urlopen(f"{uri}/health", timeout=5).close()
            return
        except OSError:
            time.sleep(1)
    raise TimeoutError(uri)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("server")
    port = _free_port()
    command = [sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", str(port), "--workers", "1"]
    command += ["--backend-store-uri", f"sqlite:///{folder}/mlflow.db", "--artifacts-destination", f"{folder}/files"]
    environment = {**os.environ, "MLFLOW_DISABLE_TELEMETRY": "true", "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(command, cwd=folder, env=environment, stdout=log, stderr=log, start_new_session=True)
        try:
            _wait_for(f"http://127.0.0.1:{port}", process)
            yield f"http://127.0.0.1:{port}"
        finally:
            os.killpg(process.pid, signal.SIGTERM)
            process.wait(timeout=60)


def _record(fingerprint: str, baseline: str = "") -> VersionRecord:
    tags = {"run_fingerprint": fingerprint, "baseline_version": baseline}
    return VersionRecord(tags=tags, metrics={"f1": 0.5}, blessed=True)


def test_versions_are_stored_on_the_server_and_promoted(server, make_model, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    registry = ModelRegistry(server)
    assert registry.get("ner", "champion") is None
    one, two = make_model("one"), make_model("two")
    first = registry.register(one, "ner", _record("a"))
    assert ModelRegistry(server).register(one, "ner", _record("a")) == first
    second = registry.register(two, "ner", _record("b", "1"))
    assert [type(version.version) for version in registry.versions("ner")] == [int, int]
    assert first.uri.startswith("mlflow-artifacts:/")
    champions = registry.champions("ner")
    champions.promote(first.version, None)
    assert champions.promote(second.version, 1).aliases == ("champion",)
    assert registry.get("ner", "previous").version == 1
    with pytest.raises(ChampionMovedError):
        champions.promote(1, None)
    assert champions.rollback(why="a test").version == 1
    champions.note("refused", "a test")
    assert [(e.action, e.version) for e in champions.history()] == [
        ("promoted", 1), ("promoted", 2), ("rolled back", 1), ("refused", None),
    ]  # fmt: skip
    assert champions.moved_aliases() == {}
    assert tree_hash(registry.fetch(first, tmp_path / "fetched")) == tree_hash(one)
    assert {path.name for path in tmp_path.iterdir()} == {"models", "fetched"}


def test_one_file_of_the_trained_model_is_downloaded(server, make_model, tmp_path):
    (tmp_path / "sentences").write_bytes(b"1234")
    registry = ModelRegistry(server)
    version = registry.register(make_model("one"), "one-file", VersionRecord(trained={"s": tmp_path / "sentences"}))
    assert registry.trained_file(version, "s") == b"1234"
    assert registry.trained_file(version, "t") is None


def test_a_model_moves_from_a_file_to_the_server_and_back(server, registry, make_model, tmp_path, migrated_database):
    name = "moving"
    for number, content in enumerate(("one", "two"), start=1):
        registry.register(make_model(content), name, _record(content, str(number - 1 or "")))
        registry.champions(name).promote(number, number - 1 or None, f"reason {number}")
    export_model(registry, name, tmp_path / "there.tar")
    remote = ModelRegistry(server)
    assert import_model(remote, tmp_path / "there.tar").versions == (1, 2)
    assert import_model(remote, tmp_path / "there.tar").present == (1, 2)
    export_model(remote, name, tmp_path / "back.tar")
    database = tmp_path / "elsewhere" / "mlflow.db"
    database.parent.mkdir()
    shutil.copy(migrated_database, database)
    local = ModelRegistry(f"sqlite:///{database}")
    assert import_model(local, tmp_path / "back.tar").champion == 2
    for moved in (remote, local):
        assert moved.champions(name).history() == registry.champions(name).history()
        assert [(each.aliases, each.tree_hash) for each in moved.versions(name)] == [
            (each.aliases, each.tree_hash) for each in registry.versions(name)
        ]
        assert tree_hash(moved.fetch(moved.get(name, "previous"), tmp_path / moved.uri[:4])) == tree_hash(
            tmp_path / "models" / "one" / "Format-Serving"
        )


_PROMOTE = """
import sys
from pathlib import Path
from components.registry.errors import ChampionMovedError
from components.registry.model_registry import ModelRegistry
from components.registry.store.version import VersionRecord
registry = ModelRegistry(sys.argv[1])
number, won, lost, versions = int(sys.argv[3]), [], 0, []
for turn in range(5):
    champion = registry.get("many", "champion")
    expected = champion.version if champion else None
    tags = {"run_fingerprint": f"{number}-{turn}", "baseline_version": str(expected or "")}
    version = registry.register(Path(sys.argv[2]), "many", VersionRecord(tags=tags, blessed=True)).version
    versions.append(version)
    try:
        registry.champions("many").promote(version, expected)
        won.append(version)
    except ChampionMovedError:
        lost += 1
print(versions, won, lost, sep="\t")
"""


def test_promotions_over_http_need_no_lock_to_agree(server, model_dir, tmp_path):
    """Four processes share only the model's folder: every change counts for all of them or for none."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", _PROMOTE, server, str(model_dir), str(number)],
            env=environment,
            cwd=tmp_path,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for number in range(4)
    ]
    ended = [process.communicate(timeout=600) for process in processes]
    assert [process.returncode for process in processes] == [0] * 4, [error for _, error in ended]
    rows = [output.strip().split("\t") for output, _ in ended]
    versions = sorted(version for row in rows for version in ast.literal_eval(row[0]))
    assert versions == list(range(1, 21))
    champions = ModelRegistry(server).champions("many")
    line = champions.line()
    # Exactly the writers without an error won, in an order on which all agree.
    assert sorted((*line.earlier, line.champion)) == sorted(v for row in rows for v in ast.literal_eval(row[1]))
    assert sum(int(row[2]) for row in rows) + len(line.ever) == 20
    assert champions.moved_aliases() == {}


def test_a_deleted_experiment_of_a_server_is_found_before_a_training(server):
    registry = ModelRegistry(server, experiment="gone")
    registry.check_ready("ner")
    with registry.client() as client:
        number = client.create_experiment("gone")
        registry.check_ready("ner")
        client.delete_experiment(number)
    with pytest.raises(RegistryError, match=rf"MLFLOW_TRACKING_URI={server} mlflow experiments restore -x {number}"):
        registry.check_ready("ner")


def test_versions_of_a_server_are_read_from_a_checked_download_and_not_removed(server, make_model, tmp_path):
    registry = ModelRegistry(server)
    version = registry.register(make_model("cached"), "cached", _record("a"), link=True)
    folder = registry.readable(version, tmp_path / "fetched" / "1")
    assert folder == tmp_path / "fetched" / "1"
    (folder / "saved_model.pb").write_bytes(b"damaged")
    with pytest.raises(RegistryError, match=r"saved_model\.pb has other content"):
        registry.readable(version, folder)
    assert registry.stored_folders("cached", [1]) == {}
    with pytest.raises(RegistryError, match="is a server"):
        registry.remove("cached", [1])


def test_a_server_refuses_an_unknown_host_name(server):
    port = server.rsplit(":", 1)[1]
    address = f"http://127.0.0.1:{port}/api/2.0/mlflow/registered-models/search?max_results=1"
    request = urllib.request.Request(address, headers={"Host": "registry.example"})
    with pytest.raises(urllib.error.HTTPError, match="403"):
        urllib.request.urlopen(request, timeout=30)


def test_a_server_that_stores_in_a_local_folder_is_refused(server, model_dir, tmp_path):
    with ModelRegistry(server).client() as client:
        client.create_experiment("local", artifact_location=str(tmp_path / "here"))
    with pytest.raises(RegistryError, match="other machines do not see"):
        ModelRegistry(server, experiment="local").register(model_dir, "other")
    assert not (tmp_path / "here").exists()
    assert not list(Path(tmp_path).glob("mlruns"))
