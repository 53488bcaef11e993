"""A registry and its serving directory that were moved or copied."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from support.snapshot import snapshot

from components.common.hashing import tree_hash
from components.registry.errors import RegistryError
from components.registry.model_registry import ModelRegistry
from components.registry.serving_directory.serving_directory import MODELS_CONFIG
from components.registry.serving_directory.serving_sync import sync


def opened(work: Path) -> ModelRegistry:
    return ModelRegistry(f"sqlite:///{work}/registry/mlflow.db")


@pytest.fixture
def work(tmp_path, make_model):
    """A work folder with one champion, which is served."""
    folder = tmp_path / "work"
    registry = opened(folder)
    registry.register(make_model("one"), "ner")
    registry.champions("ner").promote(1, None, "a test", force=True)
    sync(registry, "ner", folder / "serving")
    return folder


def test_a_moved_registry_reads_stores_and_serves_at_its_present_place(work, tmp_path, make_model):
    moved = work.rename(tmp_path / "moved")
    registry = opened(moved)
    champion = registry.require("ner", "champion")
    assert Path(champion.uri).is_relative_to(moved)
    assert tree_hash(registry.fetch(champion, tmp_path / "fetched")) == champion.tree_hash
    registry.check_ready("ner")
    version = registry.register(make_model("two"), "ner")
    assert Path(version.uri).is_relative_to(moved)
    with registry.client() as client:
        assert Path(client.get_run(champion.run_id).info.artifact_uri).is_relative_to(moved)
        assert Path(client.get_model_version("ner", "1").source).is_relative_to(moved)
    registry.champions("ner").promote(2, 1, "a test", force=True)
    sync(registry, "ner", moved / "serving")
    text = (moved / "serving" / MODELS_CONFIG).read_text()
    assert f'base_path: "{moved}/serving/ner"' in text
    assert str(work) not in text
    assert not work.exists()


def test_a_copy_changes_nothing_in_the_original(work, tmp_path, make_model):
    copy = tmp_path / "copy"
    shutil.copytree(work, copy)
    before = snapshot(work)
    registry = opened(copy)
    version = registry.register(make_model("two"), "ner")
    registry.champions("ner").promote(2, 1, "a test", force=True)
    sync(registry, "ner", copy / "serving")
    assert Path(version.uri).is_relative_to(copy)
    assert snapshot(work) == before


def test_a_base_path_that_a_person_chose_stays(work, tmp_path):
    sync(opened(work), "ner", work / "serving", base_path="/models/ner")
    moved = work.rename(tmp_path / "moved")
    sync(opened(moved), "ner", moved / "serving")
    assert 'base_path: "/models/ner"' in (moved / "serving" / MODELS_CONFIG).read_text()


def test_a_copy_without_its_files_is_refused_before_anything_is_stored(work, tmp_path, make_model):
    copy = tmp_path / "copy"
    (copy / "registry").mkdir(parents=True)
    shutil.copy(work / "registry" / "mlflow.db", copy / "registry" / "mlflow.db")
    before = snapshot(work)
    registry = opened(copy)
    for action in (lambda: registry.check_ready("ner"), lambda: registry.register(make_model("two"), "ner")):
        with pytest.raises(RegistryError, match=r"stores models in .*work/registry/artifacts, which is not the folder"):
            action()
    assert snapshot(work) == before
