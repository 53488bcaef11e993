"""The registry against a real MLflow server, which takes most of a minute to come up."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from components.registry.errors import ChampionMovedError, RegistryError
from components.registry.model_registry import ModelRegistry
from components.text.tree_hash import tree_hash

pytestmark = pytest.mark.slow


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def _wait_for(uri: str, process: subprocess.Popen) -> None:
    for _ in range(240):
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
    environment = {**os.environ, "MLFLOW_DISABLE_TELEMETRY": "true"}
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(command, cwd=folder, env=environment, stdout=log, stderr=log, start_new_session=True)
        try:
            _wait_for(f"http://127.0.0.1:{port}", process)
            yield f"http://127.0.0.1:{port}"
        finally:
            os.killpg(process.pid, signal.SIGTERM)
            process.wait(timeout=60)


def test_model_registry_over_http_stores_on_the_server_and_promotes(server, make_model, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    registry = ModelRegistry(server)
    assert registry.get("ner", "champion") is None
    one, two = make_model("one"), make_model("two")
    first = registry.register(one, "ner", {"run_fingerprint": "a"}, {"f1": 0.5})
    assert ModelRegistry(server).register(one, "ner", {"run_fingerprint": "a"}, {"f1": 0.5}) == first
    second = registry.register(two, "ner", {"run_fingerprint": "b"}, {})
    assert [type(version.version) for version in registry.versions("ner")] == [int, int]
    assert first.uri.startswith("mlflow-artifacts:/")
    registry.promote("ner", first.version, None)
    assert registry.promote("ner", second.version, 1).aliases == ("champion",)
    assert registry.get("ner", "previous").version == 1
    with pytest.raises(ChampionMovedError):
        registry.promote("ner", 1, None)
    assert tree_hash(registry.fetch(first, tmp_path / "fetched")) == tree_hash(one)
    assert {path.name for path in tmp_path.iterdir()} == {"models", "fetched"}


def test_model_registry_over_http_refuses_a_server_that_would_store_locally(server, model_dir, tmp_path):
    with ModelRegistry(server)._store.client() as client:
        client.create_experiment("local", artifact_location=str(tmp_path / "here"))
    with pytest.raises(RegistryError, match="other machines do not see"):
        ModelRegistry(server, experiment="local").register(model_dir, "other", {}, {})
    assert not (tmp_path / "here").exists()
    assert not list(Path(tmp_path).glob("mlruns"))
