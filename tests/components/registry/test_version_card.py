"""The model card of a version comes back out of the registry."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from components.registry.errors import RegistryError
from components.registry.store.version_record import VersionRecord
from components.registry.version_card import fetch_card


@pytest.fixture
def card(tmp_path: Path) -> Path:
    file = tmp_path / "made" / "model_card.json"
    file.parent.mkdir()
    file.write_text('{"name": "ner"}', encoding="utf-8")
    return file


def test_the_card_is_copied_byte_for_byte(registry, model_dir, card, tmp_path):
    version = registry.register(model_dir, "ner", VersionRecord(files=(card,)))
    fetched = fetch_card(registry.uri, version, tmp_path / "fetched")
    assert fetched == tmp_path / "fetched" / "model_card.json"
    assert fetched.read_bytes() == card.read_bytes()


def test_a_version_without_a_card_gives_none_and_makes_no_folder(registry, model_dir, tmp_path):
    version = registry.register(model_dir, "ner")
    assert fetch_card(registry.uri, version, tmp_path / "fetched") is None
    assert not (tmp_path / "fetched").exists()


def test_files_that_are_in_no_local_folder_are_asked_of_mlflow(registry, model_dir, card, tmp_path):
    version = registry.register(model_dir, "ner", VersionRecord(files=(card,)))
    run_id = Path(version.uri).parts[-3]
    remote = dataclasses.replace(version, uri=f"runs:/{run_id}/model")
    assert fetch_card(registry.uri, remote, tmp_path / "fetched").read_bytes() == card.read_bytes()


def test_files_that_cannot_be_reached_are_an_error(registry, model_dir, tmp_path):
    version = registry.register(model_dir, "ner")
    nowhere = dataclasses.replace(version, uri="runs:/0123456789abcdef0123456789abcdef/model")
    with pytest.raises(RegistryError, match="ner version 1: its model card cannot be read from runs:/"):
        fetch_card(registry.uri, nowhere, tmp_path / "fetched")
