"""Checks at the start of a run, before TFX is imported."""

from __future__ import annotations

import pytest

from components.registry.errors import RegistryError
from components.registry.model_registry import ModelRegistry
from configs.loading import load_config
from pipeline.local_run import build_pipeline


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
