"""A tiny exported tagger to serve."""

from __future__ import annotations

import importlib

import pytest
from support.build_once import build_once
from support.settings import exporter_settings

from components.exporter.contract.contract import build_contract
from components.exporter.saved_model.embedded_metadata import embed_metadata
from components.exporter.validator.reference import reference_answers


@pytest.fixture(scope="session", autouse=True)
def whole_tensorflow():
    """Imports TensorFlow before a server's code puts its messages in its place, which would break later tests."""
    importlib.import_module("tensorflow")


@pytest.fixture(scope="session")
def tagger_folder(tmp_path_factory):
    """Folder of a model with all signatures."""

    def build(folder):
        from support.tiny_tagger import TinyTagger

        model = TinyTagger(folder / "source").save(folder / "model")
        contract = build_contract(exporter_settings(forward={"source": "string", "tax": "float32"}))
        embed_metadata(model, contract, golden=reference_answers(model, contract, batches=[1, 3]))

    return build_once(tmp_path_factory, "served", build) / "model"
