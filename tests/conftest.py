"""Fixtures shared by all tests."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from support.build_once import build_once

# TensorFlow's log would bury pytest's summary. TensorFlow reads this when it is first imported.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

pytest_plugins = ["support.processes", "support.skips", "support.tiny_corpus"]

SHARED = Path(__file__).resolve().parents[2] / "shared" / "data"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Runs the longest tests first: started last, one of them would leave the other processes idle."""
    marks = ("e2e", "slow", "extended")
    items.sort(key=lambda item: next((i for i, mark in enumerate(marks) if item.get_closest_marker(mark)), len(marks)))


@pytest.fixture(autouse=True)
def no_regular_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keeps lines of progress out of the output of commands, which a loaded machine makes slow."""
    monkeypatch.setattr("components.common.progress._SILENT_SECONDS", 3600.0)


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Folder of the real corpora; without it the test is skipped."""
    if not SHARED.is_dir():
        pytest.skip("the real corpora (../shared/data) are missing")
    return SHARED


@pytest.fixture(scope="session")
def tiny_preset(tmp_path_factory):
    """Folder of a keras-hub preset: a tiny BERT with random weights and a few word pieces."""
    keras_hub = pytest.importorskip("keras_hub", reason="the extra `encoder` is not installed")
    letters = "abcdefghijklmnopqrstuvwxyz"
    pieces = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *letters, *(f"##{letter}" for letter in letters)]
    pieces += ["joe", "biden", "paris", "##ing", "went", "to", "visited", "was", "in", ".", ","]
    folder = str(tmp_path_factory.mktemp("preset") / "tiny_bert")
    keras_hub.models.BertTokenizer(vocabulary=pieces, lowercase=True).save_to_preset(folder)
    keras_hub.models.BertBackbone(
        vocabulary_size=len(pieces), num_layers=1, num_heads=2, hidden_dim=32, intermediate_dim=64,
        max_sequence_length=64, dropout=0.0,
    ).save_to_preset(folder)  # fmt: skip
    return folder


@pytest.fixture(scope="session")
def migrated_database(tmp_path_factory) -> Path:
    """An sqlite file with MLflow's empty tables, whose creation takes seconds: copy it."""

    def build(folder: Path) -> None:
        from components.registry.store.mlflow_store import MlflowStore

        folder.mkdir(parents=True, exist_ok=True)
        with MlflowStore(f"sqlite:///{folder}/mlflow.db").client():
            pass

    return build_once(tmp_path_factory, "mlflow", build) / "mlflow.db"


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory) -> Path:
    """Folder of an exported tagger of a few words."""

    def build(folder: Path) -> None:
        from support.tiny_tagger import TinyTagger

        TinyTagger(folder / "source").save(folder / "model")

    return build_once(tmp_path_factory, "tiny_model", build) / "model"
