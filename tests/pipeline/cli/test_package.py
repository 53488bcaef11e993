"""`ner package`, with a stand-in for the function that writes the package."""

from __future__ import annotations

import types

import pytest
from click.testing import CliRunner

from components.common.errors import NerError
from components.registry import model_registry
from components.serving.packaging import packaging
from pipeline.cli.package import package
from pipeline.registry_view import model_reference


@pytest.fixture
def calls(monkeypatch):
    """Arguments of the command's calls: (models, destination, target, settings)."""
    recorded = []

    def stand_in(models, destination, target, settings):
        recorded.append((models, destination, target, settings))
        return {"name": settings.name, "version": models[0].version}

    monkeypatch.setattr(packaging, "package", stand_in)
    return recorded


def run(*arguments):
    return CliRunner().invoke(package, [str(argument) for argument in arguments])


@pytest.mark.parametrize(
    ("folder", "options", "version"),
    [("model", (), 1), ("17", (), 17), ("0", (), 1), ("17", ("--version", "3"), 3)],
)
def test_a_given_model_takes_its_version_from_its_folder(calls, tmp_path, folder, options, version):
    result = run(tmp_path / folder, tmp_path / "out", "--for", "sagemaker", "--name", "tagger", *options)
    assert result.exit_code == 0, result.output
    [(models, destination, target, settings)] = calls
    assert [(model.folder, model.version, model.labels) for model in models] == [(tmp_path / folder, version, ())]
    assert (destination, target, settings.name) == (tmp_path / "out", "sagemaker", "tagger")
    assert f"tagger version {version} for sagemaker" in result.output


def test_options_reach_the_layout(calls, tmp_path):
    options = ("--server-version", "2.18.0", "--storage-uri", "s3://b/ner", "--key", "id", "--max-batch-size", "8")
    more = ("--batch-timeout-micros", "0", "--max-enqueued-batches", "9", "--num-batch-threads", "2")
    assert run(tmp_path, tmp_path / "out", "--for", "kserve", *options, *more).exit_code == 0
    settings = calls[0][3]
    assert (settings.name, settings.server_version, settings.image) == ("ner", "2.18.0", "tensorflow/serving:2.18.0")
    assert (settings.storage_uri, settings.key) == ("s3://b/ner", "id")
    assert settings.batching.to_text().split("\n")[:-1] == [
        "max_batch_size { value: 8 }",
        "batch_timeout_micros { value: 0 }",
        "max_enqueued_batches { value: 9 }",
        "num_batch_threads { value: 2 }",
    ]


@pytest.fixture
def registry(monkeypatch, tmp_path):
    """A registry whose champion is version 5 after version 4."""
    versions = {alias: types.SimpleNamespace(version=number) for alias, number in (("champion", 5), ("previous", 4))}
    opened = types.SimpleNamespace(get=lambda name, alias: versions[alias])
    monkeypatch.setattr(model_registry, "ModelRegistry", lambda uri: opened)
    folders = {5: tmp_path / "serving" / "ner" / "5", 4: tmp_path / "registry" / "Format-Serving"}
    monkeypatch.setattr(model_reference, "version_folder", lambda config, registry, version: folders[version.version])


def test_without_a_model_tf_serving_gets_the_champion_and_the_one_before_it(calls, registry, tmp_path):
    result = run(tmp_path / "out", "--for", "tf-serving", "--set", f"work_dir={tmp_path}")
    assert result.exit_code == 0, result.exception
    assert [(model.folder.name, model.version, model.labels) for model in calls[0][0]] == [
        ("5", 5, ("champion",)),
        ("Format-Serving", 4, ("previous",)),
    ]


@pytest.mark.parametrize("target", ["vertex", "sagemaker", "kserve"])
def test_other_servers_get_the_champion_alone(calls, registry, tmp_path, target):
    result = run(tmp_path / "out", "--for", target)
    assert (result.exit_code, "replace BUCKET" in result.output) == (0, target == "kserve")
    assert [(model.version, model.labels) for model in calls[0][0]] == [(5, ())]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("a", "b", "c", "--for", "kserve"), "Give [MODEL_DIR] DESTINATION"),
        (("out", "--for", "kserve", "--version", "2"), "the champion has its own version"),
        (("out",), "--for"),
        (("out", "--for", "heroku"), "heroku"),
        (("m", "out", "--for", "kserve", "--max-batch-size", "0"), "--max-batch-size"),
    ],
)
def test_usage_errors_name_the_argument(calls, arguments, message):
    result = run(*arguments)
    assert result.exit_code == 2
    assert message in result.output
    assert not calls


def test_a_folder_without_a_model_is_a_users_error(tmp_path):
    result = run(tmp_path, tmp_path / "out", "--for", "kserve")
    assert isinstance(result.exception, NerError)
    assert "no saved_model.pb" in str(result.exception)
    assert not (tmp_path / "out").exists()
