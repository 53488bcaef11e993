"""Concurrent pushers in several processes, and killed pushers, on an sqlite registry.

Each script imports MLflow once and forks, because an import takes seconds.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from support.processes import popen, run
from support.repository import python_environment

from components.common.hashing import tree_hash
from components.registry.model_registry import ModelRegistry
from components.registry.serving_directory.serving_directory import models_config, published_versions

_PUSH = '''
import json, os, random, signal, sys, time
from pathlib import Path
from components.registry.model_registry import ModelRegistry
from components.registry.pusher.push import PushRequest, push
from components.registry.store.version import VersionRecord
from components.common.hashing import tree_hash
import mlflow, mlflow.pyfunc, pandas
import mlflow.store.tracking.sqlalchemy_store, mlflow.store.model_registry.sqlalchemy_store
from mlflow.tracking import MlflowClient
import tensorflow_serving.config.model_server_config_pb2

uri, folder = sys.argv[1], Path(sys.argv[2])

def make_model(name):
    model = folder / "models" / name / "Format-Serving"
    (model / "variables").mkdir(parents=True)
    (model / "saved_model.pb").write_bytes(name.encode())
    (model / "variables" / "variables.data").write_bytes(os.urandom(200_000))
    report = {"passed": True, "tree_hash": tree_hash(model), "checks": []}
    (model.parent / "validation.json").write_text(json.dumps(report))
    return model

def push_model(name):
    """Pushes against the current champion, as a pipeline run does."""
    registry = ModelRegistry(uri)
    champion = registry.get("ner", "champion")
    tags = {"run_fingerprint": name, "baseline_version": str(champion.version if champion else "")}
    model = folder / "models" / name / "Format-Serving"
    record = VersionRecord(tags=tags, metrics={"f1": 0.5}, blessed=True)
    return push(registry, PushRequest(model, model.parent / "validation.json", "ner", folder / "serving", 2, record))
'''

_AT_ONCE = (
    _PUSH
    + """
processes, turns = int(sys.argv[3]), int(sys.argv[4])
children = []
for number in range(processes):
    if (child := os.fork()) == 0:
        results = []
        for turn in range(turns):
            make_model(f"{number}-{turn}")
            result = push_model(f"{number}-{turn}")
            results.append((result.version.version, result.pushed, result.reason))
        (folder / f"results-{number}.json").write_text(json.dumps(results))
        os._exit(0)
    children.append(child)
sys.exit(max(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children))
"""
)

_KILLED = (
    _PUSH
    + """
rounds, seed = int(sys.argv[3]), int(sys.argv[4])
draw = random.Random(seed)
for name in ("first", "whole"):  # the first push creates the database, which takes longer
    make_model(name)
    begin = time.monotonic()
    if (child := os.fork()) == 0:
        push_model(name)
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
    whole = time.monotonic() - begin  # seconds of a push that is not killed
killed = 0
for number in range(rounds):
    make_model(f"killed-{number}")
    if (child := os.fork()) == 0:
        push_model(f"killed-{number}")
        os._exit(0)
    time.sleep(draw.uniform(0, whole))
    os.kill(child, signal.SIGKILL)
    if os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -9:
        killed += 1
    else:
        whole *= 0.8  # the push had ended: pushes are faster than the one that was timed
    print("killed", flush=True)
    assert sys.stdin.readline() == "checked\\n"
(folder / "killed").write_text(str(killed))
if (child := os.fork()) == 0:  # the next pusher is not blocked
    make_model("last")
    assert push_model("last").pushed
    os._exit(0)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""
)


def _driver(script: str, *arguments: object) -> list[str]:
    return [sys.executable, "-c", script, *map(str, arguments)]


def _environment() -> dict[str, str]:
    return python_environment(MLFLOW_DISABLE_TELEMETRY="true")


def _check_consistent(registry: ModelRegistry, folder: Path, scratch: Path) -> None:
    """Checks that registry, serving directory and history show complete versions only."""
    versions = registry.versions("ner")
    for version in versions:
        fetched = registry.fetch(version, scratch / str(version.version))  # checks the hash
        name = version.tags["run_fingerprint"]
        assert tree_hash(fetched) == tree_hash(folder / "models" / name / "Format-Serving")
    champions = [version for version in versions if "champion" in version.aliases]
    line = registry.champions("ner").line()
    assert [version.version for version in champions] == ([line.champion] if line.champion else [])
    hashes = {version.version: version.tree_hash for version in versions}
    for number in published_versions(folder / "serving", "ner"):
        assert tree_hash(folder / "serving" / "ner" / str(number)) == hashes[number]
    loaded, labels = models_config(folder / "serving", "ner")
    assert set(labels.values()) <= set(loaded) <= set(published_versions(folder / "serving", "ner"))


@pytest.mark.extended
@pytest.mark.timeout(3000)
def test_concurrent_pushers_create_distinct_versions_without_an_error(registry_uri, tmp_path):
    processes, turns = 6, 5
    command = _driver(_AT_ONCE, registry_uri, tmp_path, processes, turns)
    ended = run(command, env=_environment(), capture_output=True, text=True)
    assert ended.returncode == 0, ended.stderr
    results = [row for file in tmp_path.glob("results-*.json") for row in json.loads(file.read_text())]
    assert sorted(version for version, _, _ in results) == list(range(1, processes * turns + 1))
    registry = ModelRegistry(registry_uri)
    line = registry.champions("ner").line()
    assert line.void == frozenset()
    assert sorted(line.ever) == sorted(version for version, pushed, _ in results if pushed)
    assert all("the champion is now" in reason for _, pushed, reason in results if not pushed)
    history = registry.champions("ner").history()
    assert [entry.number for entry in history] == list(range(1, processes * turns + 1))  # pushed or refused, each once
    _check_consistent(registry, tmp_path, tmp_path / "scratch")


@pytest.mark.parametrize(
    ("rounds", "seed"), [(4, 0), pytest.param(20, 1, marks=[pytest.mark.slow, pytest.mark.timeout(3000)])]
)
def test_a_pusher_killed_at_any_moment_leaves_no_incomplete_version(registry_uri, tmp_path, rounds, seed):
    command = _driver(_KILLED, registry_uri, tmp_path, rounds, seed)
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    registry = ModelRegistry(registry_uri)
    with popen(command, env=_environment(), text=True, **pipes) as driver:
        for _ in range(rounds):
            assert driver.stdout.readline() == "killed\n", driver.communicate()[1]
            _check_consistent(registry, tmp_path, tmp_path / "scratch")
            driver.stdin.write("checked\n")
            driver.stdin.flush()
        _, errors = driver.communicate()
    assert driver.returncode == 0, errors
    assert int((tmp_path / "killed").read_text()) >= rounds // 2
    _check_consistent(registry, tmp_path, tmp_path / "scratch")
    assert registry.get("ner", "champion").tags["run_fingerprint"] == "last"
    assert registry.champions("ner").moved_aliases() == {}
    names = {path.name for path in (tmp_path / "serving" / "ner").iterdir()}
    assert all(name.isdigit() for name in names), names
