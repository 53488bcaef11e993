"""`ner drift`."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from components.drift_validator.data_profile import DataProfile
from components.keys import DATA_PROFILE_FILE as FILE_NAME
from components.registry.model_registry import ModelRegistry
from components.registry.store.version import VersionRecord
from pipeline.cli.drift import drift

TAGS = ["B-PER", "O", "B-LOC"]


def requests(path, count, tags):
    path.write_text(f"{json.dumps({'sentence': 'Ann visits Rome', 'tags': tags})}\n" * count)
    return str(path)


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """Returns the work folder of a registry whose champion was trained on 500 sentences."""
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


def test_similar_requests_pass(home, tmp_path):
    result = run(home, requests(tmp_path / "log.jsonl", 300, TAGS))
    assert result.exit_code == 0, result.output
    assert "300 requests, 500 sentences of version 1" in result.stdout
    assert "unknown words: change of their share 0, limit +0.15" in result.stdout


def test_drifted_requests_exit_with_3(home, tmp_path):
    log = requests(tmp_path / "log.jsonl", 300, ["B-ORG", "O", "O"])
    result = run(home, log, "--json")
    assert result.exit_code == 3
    report = json.loads(result.stdout)
    assert report["drifts"][0]["what"] == "entity types"
    assert report["drifts"][0]["distance"] == 1
    assert run(home, log, "--set", "drift.action=ignore").exit_code == 0
    assert run(home, log, "--set", "drift.types=null").exit_code == 0


def test_limits_do_not_apply_to_few_requests(home, tmp_path):
    result = run(home, requests(tmp_path / "log.jsonl", 20, ["B-ORG", "O", "O"]))
    assert result.exit_code == 0
    assert "Limits do not apply: 20 sentences" in result.stdout


def test_log_can_be_a_setting(home, tmp_path):
    log = requests(tmp_path / "log.jsonl", 300, TAGS)
    assert run(home, "--set", f"drift.requests={log}").exit_code == 0
    assert run(home).exit_code == 2


def test_page_is_written_with_its_history(home, tmp_path):
    log, page = requests(tmp_path / "log.jsonl", 300, TAGS), tmp_path / "drift.html"
    for _ in range(2):
        assert run(home, log, "--output", str(page)).exit_code == 0
    assert page.read_text().count("ner version 1</td>") == 2
    assert len((tmp_path / "drift.history.jsonl").read_text().splitlines()) == 2
