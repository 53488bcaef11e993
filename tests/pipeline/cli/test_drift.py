"""`ner drift`."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from components.drift_validator.data_profile import DataProfile
from components.keys import DATA_PROFILE_FILE as FILE_NAME
from components.registry.store.model_registry import ModelRegistry
from components.registry.store.version_record import VersionRecord
from pipeline.cli.drift import drift

TAGS = ["B-PER", "O", "B-LOC"]


def requests(path, count, tags):
    path.write_text(f"{json.dumps({'sentence': 'Ann visits Rome', 'tags': tags})}\n" * count)
    return str(path)


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """A registry whose champion was trained on 500 sentences."""
    folder = tmp_path_factory.mktemp("home")
    profile = DataProfile()
    for number in range(500):
        profile.add("Ann visits Rome", TAGS, {}, held_out=number % 5 == 0)
    (folder / FILE_NAME).write_text(profile.to_json())
    (folder / "model").mkdir()
    (folder / "model" / "saved_model.pb").write_bytes(b"model")
    (folder / "registry").mkdir()
    registry = ModelRegistry(f"sqlite:///{folder}/registry/mlflow.db")
    record = VersionRecord(trained={FILE_NAME: folder / FILE_NAME}, blessed=True)
    registry.champions("ner").promote(registry.register(folder / "model", "ner", record).version, None)
    return folder


def run(home, *arguments):
    return CliRunner().invoke(drift, [*arguments, "--set", f"work_dir={home}"])


def test_requests_like_the_training_data_pass(home, tmp_path):
    result = run(home, requests(tmp_path / "log.jsonl", 300, TAGS))
    assert result.exit_code == 0, result.output
    assert "300 requests, 500 sentences of version 1" in result.stdout
    assert "unknown words: rise of their share 0, limit 0.15" in result.stdout


def test_requests_that_drift_are_told_with_exit_status_3(home, tmp_path):
    log = requests(tmp_path / "log.jsonl", 300, ["B-ORG", "O", "O"])
    result = run(home, log, "--json")
    assert result.exit_code == 3
    report = json.loads(result.stdout)
    assert report["drifts"][0]["what"] == "entity types"
    assert report["drifts"][0]["distance"] == 1
    assert run(home, log, "--set", "drift.action=ignore").exit_code == 0
    assert run(home, log, "--set", "drift.types=null").exit_code == 0


def test_few_requests_prove_nothing(home, tmp_path):
    result = run(home, requests(tmp_path / "log.jsonl", 20, ["B-ORG", "O", "O"]))
    assert result.exit_code == 0
    assert "too few for the limits to count" in result.stdout


def test_the_log_may_be_a_setting(home, tmp_path):
    log = requests(tmp_path / "log.jsonl", 300, TAGS)
    assert run(home, "--set", f"drift.requests={log}").exit_code == 0
    assert run(home).exit_code == 2
