"""Checks at the start of a run, before TFX is imported."""

from __future__ import annotations

import sys
from types import SimpleNamespace

import pytest
from support.settings import exporter_settings

from components.common.progress import progress_to
from components.exporter.contract.contract import build_contract
from components.exporter.errors import BreakingChangeError
from components.exporter.saved_model.embedded_metadata import embed_metadata
from components.registry.errors import RegistryError
from components.registry.model_registry import ModelRegistry
from components.registry.store.version import VersionRecord
from configs.loading import load_config
from pipeline.local_run import build_pipeline


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """A work folder whose registry has a champion with a custom signature, `mine`."""
    folder = tmp_path_factory.mktemp("home")
    (folder / "corpus").mkdir()
    (folder / "corpus" / "train.conll").write_text("Ada\tB-PER\n\nin\tO\n\n")
    model = folder / "model"
    model.mkdir()
    (model / "saved_model.pb").write_bytes(b"graph")
    contract = build_contract(exporter_settings())
    contract.signatures["mine"] = contract.signatures["keyed"]
    embed_metadata(model, contract)
    registry = ModelRegistry(config(folder).registry_uri)
    registry.register(model, "ner", VersionRecord(blessed=True))
    registry.champions("ner").promote(1, None, "the first model")
    return folder


def config(folder, *settings):
    return load_config(None, [f"work_dir={folder / 'work'}", f"corpus.path={folder / 'corpus'}", *settings])


def test_settings_that_break_callers_of_the_champion_stop_the_run_before_it_begins(home):
    with pytest.raises(BreakingChangeError) as refused:
        build_pipeline(config(home, "exporter.outputs=[]"))
    assert str(refused.value).splitlines()[:3] == [
        "exporter: the new model would break callers of the champion, version 1:",
        "  signatures keyed, serving_default: outputs ends, scores, starts, tokens are gone",
        "  signature mine is gone",
    ]
    assert not (home / "work" / "metadata").exists()


@pytest.mark.parametrize(
    "settings",
    [
        ['exporter.signatures={mine: "pipeline.samples:write_sample"}'],  # the Exporter learns what it returns
        ["exporter.outputs=[]", "exporter.allow_breaking_changes=true"],
    ],
)
def test_other_settings_pass(home, monkeypatch, settings):
    built = SimpleNamespace(create_pipeline=lambda *arguments: "a pipeline")
    monkeypatch.setitem(sys.modules, "pipeline.create", built)
    works = []
    with progress_to(lambda work, *_: works.append(work)):
        assert build_pipeline(config(home, *settings)) == "a pipeline"
    assert works[-1] == "loading TFX and checking the inputs"  # not the reading of the corpus, which has ended


def test_a_deleted_experiment_stops_a_run_before_anything_is_trained(tmp_path):
    config = load_config(None, [f"work_dir={tmp_path}"])
    with ModelRegistry(config.registry_uri).client() as client:
        client.delete_experiment(client.create_experiment("ner", artifact_location=str(tmp_path / "files")))
    with pytest.raises(RegistryError, match="mlflow experiments restore -x 1"):
        build_pipeline(config)
    assert not (tmp_path / "artifacts").exists()


def test_an_empty_registry_file_stops_a_run(tmp_path):
    (tmp_path / "registry").mkdir()
    (tmp_path / "registry" / "mlflow.db").touch()
    with pytest.raises(RegistryError, match=r"registry/mlflow.db: is empty"):
        build_pipeline(load_config(None, [f"work_dir={tmp_path}"]))
